package s4d

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// A problem is a size; its operands follow from it and from the step size.
type problem struct {
	batch, time, channels, modes int
	logDt                        float64
}

// problems have awkward lengths around the blocks, channels around the lanes, odd and even numbers of modes, and steps from
// nearly none to some in which everything is forgotten.
var problems = []problem{
	{1, 1, 1, 1, -3}, {2, 2, 3, 2, -3}, {1, 3, 8, 3, -5}, {2, 63, 9, 2, -2}, {1, 64, 16, 4, -4}, {2, 65, 5, 1, -6.9}, {1, 2*block + 3, 17, 5, -3},
	{1, 30, 2, 3, -20}, {1, 30, 2, 3, 3}, {1, 5, 2, 2, -45},
}

func (p problem) naive() (n Naive, dy, dEnd []float64) {
	draw := func(stream string, size int) []float64 {
		return kerneltest.Widen(kerneltest.Normal[float32](fmt.Sprint(stream, p), size))
	}
	states := p.channels * p.modes
	n = Naive{B: p.batch, T: p.time, H: p.channels, Modes: p.modes, U: draw("u", p.batch*p.time*p.channels), LogDt: draw("dt", p.channels), D: draw("d", p.channels),
		LogAReal: draw("re", states), AImag: draw("im", states), C: draw("c", 2*states), Start: draw("start", 2*p.batch*states)}
	for i, v := range n.LogDt {
		n.LogDt[i] = float64(float32(p.logDt + v/4))
	}
	for i, v := range n.LogAReal {
		n.LogAReal[i], n.AImag[i] = float64(float32(math.Log(0.5)+v/4)), float64(float32(math.Pi*float64(i%p.modes)+n.AImag[i]/4))
	}
	return n, draw("dy", len(n.U)), draw("dEnd", len(n.Start))
}

// operands returns the parameters and u as a kernel takes them.
func operands[F simd.Float](n Naive) (p Parameters[F], u []F) {
	narrow := kerneltest.Narrow[F]
	return Parameters[F]{narrow(n.LogDt), narrow(n.LogAReal), narrow(n.AImag), narrow(n.C), narrow(n.D)}, narrow(n.U)
}

// result is what a kernel writes.
type result[F simd.Float] struct {
	y, end []F
	Parameters[F]
	du, dStart []F
}

// all returns the arrays by name.
func (r result[F]) all() map[string][]F {
	return map[string][]F{"y": r.y, "end": r.end, "du": r.du, "dStart": r.dStart, "dLogDt": r.LogDt, "dLogAReal": r.LogAReal, "dAImag": r.AImag, "dC": r.C, "dD": r.D}
}

// run runs a kernel forward, from the start of n if it has one, and backward.
func run[F simd.Float](k *Kernel[F], n Naive, dy, dEnd []float64) (r result[F]) {
	p, u := operands[F](n)
	carry := NewCarry[F](n.B, n.H, n.Modes)
	copy(carry.state, kerneltest.Narrow[F](n.Start))
	r = result[F]{kerneltest.Poisoned[F](len(u)), carry.state, poisoned(p), kerneltest.Poisoned[F](len(u)), kerneltest.Poisoned[F](len(dEnd))}
	k.Forward(r.y, u, p, carry)
	k.Backward(r.Parameters, r.du, r.dStart, u, kerneltest.Narrow[F](dy), kerneltest.Narrow[F](dEnd))
	return r
}

func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, p := range problems {
		for _, scale := range []float64{1, 1e12, 1e-12} {
			n, dy, dEnd := p.naive()
			for _, x := range [][]float64{n.U, n.Start} {
				for i := range x {
					x[i] = float64(float32(x[i] * scale))
				}
			}
			k := New[F](p.batch, p.time, p.channels, p.modes)
			for _, start := range [][]float64{n.Start, nil} { // the second run finds used buffers and known parameters
				n.Start = start
				got := run(k, n, dy, dEnd).all()
				y, end := n.Forward()
				d := n.Backward(dy, dEnd)
				for name, want := range map[string][]float64{"y": y, "end": end, "du": d.U, "dStart": d.Start, "dLogDt": d.LogDt, "dLogAReal": d.LogAReal, "dAImag": d.AImag, "dC": d.C, "dD": d.D} {
					tolerance := kerneltest.Tolerance[F](3e-4, 1e-11)
					if name == "dLogAReal" || name == "dAImag" {
						tolerance = max(tolerance, 1e-15*math.Exp(-p.logDt)) // the definition cancels
					}
					kerneltest.Near(t, fmt.Sprint(p, " times ", scale, " ", name), got[name], want, tolerance)
				}
			}
		}
	}
}

// TestNaiveGradients compares the gradients of the definition with finite differences.
func TestNaiveGradients(t *testing.T) {
	for _, p := range problems[:5] {
		n, dy, dEnd := p.naive()
		d := n.Backward(dy, dEnd)
		f := func() float64 {
			y, end := n.Forward()
			return kerneltest.Dot(y, dy) + kerneltest.Dot(end, dEnd)
		}
		for name, x := range map[string][2][]float64{"u": {n.U, d.U}, "logDt": {n.LogDt, d.LogDt}, "logAReal": {n.LogAReal, d.LogAReal}, "aImag": {n.AImag, d.AImag},
			"c": {n.C, d.C}, "d": {n.D, d.D}, "start": {n.Start, d.Start}} {
			gradcheck.Check(t, fmt.Sprint(p, name), f, x[0], x[1], gradcheck.Options{Elements: 30})
		}
	}
}

// TestDiscretize compares with the formulas where these do not cancel, and at the seam of both branches.
func TestDiscretize(t *testing.T) {
	for _, x := range [][3]float64{{0, 0, 1}, {-1, -0.7, 0.3}, {-1.2, 0, 0.2}, {1, 2, 40}} {
		m := discretize(x[0], x[1], x[2])
		const h = 1e-5
		up, down := discretize(x[0], math.Log(math.Exp(x[1])-h), x[2]), discretize(x[0], math.Log(math.Exp(x[1])+h), x[2])
		want := (up.b - down.b) / complex(2*h, 0)
		if d := m.dbA - want; math.Hypot(real(d), imag(d)) > 1e-8*(1+math.Hypot(real(want), imag(want))) {
			t.Errorf("%v: db/dA = %v, want %v", x, m.dbA, want)
		}
		if d := m.b*m.pole + 1 - m.a; math.Hypot(real(d), imag(d)) > 1e-15*(1+math.Hypot(real(m.a), imag(m.a))) {
			t.Errorf("%v: b A + 1 = %v, want %v", x, m.b*m.pole+1, m.a)
		}
	}
	if m := discretize(math.Inf(-1), 0, 1); m.a != 1 || m.b != 0 || m.dbA != 0 {
		t.Errorf("without a step: %+v", m)
	}
}

// TestWithoutAStep: where dt is 0 the modes add nothing, and every gradient is a number.
func TestWithoutAStep(t *testing.T) {
	n, dy, dEnd := problem{1, 5, 2, 2, -3}.naive()
	n.Start, n.LogDt = nil, []float64{math.Inf(-1), math.Inf(-1)}
	got := run(New[float32](n.B, n.T, n.H, n.Modes), n, dy, dEnd)
	for i, u := range n.U {
		if want := float32(n.D[i%n.H]) * float32(u); got.y[i] != want {
			t.Errorf("y[%d] = %v, want %v", i, got.y[i], want)
		}
	}
	for name, x := range got.all() {
		for i, v := range x {
			if v != v {
				t.Errorf("%s[%d] is NaN", name, i)
			}
		}
	}
}

// TestStreams: a sequence in stretches equals the whole, and leaves the same carry.
func TestStreams(t *testing.T) { kerneltest.Both(t, testStreams[float32], testStreams[float64]) }

func testStreams[F simd.Float](t *testing.T) {
	tolerance := kerneltest.Tolerance[F](2e-5, 1e-13)
	for _, p := range []problem{{2, 150, 9, 3, -3}, {1, 70, 8, 2, -18}} {
		n, _, _ := p.naive()
		n.Start = nil
		parameters, u := operands[F](n)
		whole, last := kerneltest.Poisoned[F](len(u)), NewCarry[F](p.batch, p.channels, p.modes)
		New[F](p.batch, p.time, p.channels, p.modes).Forward(whole, u, parameters, last)
		for _, lengths := range [][]int{{1}, {2, 1}, {3, 64, 5}, {p.time - 1}} {
			carry := NewCarry[F](p.batch, p.channels, p.modes)
			copy(carry.state, kerneltest.Poisoned[F](len(carry.state)))
			carry.Reset()
			for lo, i := 0, 0; lo < p.time; i++ {
				hi := min(lo+lengths[i%len(lengths)], p.time)
				x, want := kerneltest.Positions(n.U, p.batch, p.channels, lo, hi), kerneltest.Positions(kerneltest.Widen(whole), p.batch, p.channels, lo, hi)
				y := kerneltest.Poisoned[F](len(x))
				New[F](p.batch, hi-lo, p.channels, p.modes).Forward(y, kerneltest.Narrow[F](x), parameters, carry)
				kerneltest.Within(t, fmt.Sprint(p, lengths, " from ", lo), y, want, tolerance*kerneltest.Largest(whole))
				lo = hi
			}
			kerneltest.Near(t, fmt.Sprint(p, lengths, " carry"), carry.Arrays("")[0].Data.([]F), last.state, tolerance)
		}
	}
}

// TestNewParameters: a kernel sees that parameters have changed in place.
func TestNewParameters(t *testing.T) {
	n, dy, dEnd := problems[3].naive()
	k := New[float64](n.B, n.T, n.H, n.Modes)
	run(k, n, dy, dEnd)
	for _, x := range [][]float64{n.LogDt, n.LogAReal, n.AImag, n.C, n.D} {
		x[len(x)-1] += 0.25
		got := run(k, n, dy, dEnd)
		want, _ := n.Forward()
		kerneltest.Near(t, "y", got.y, want, 1e-11)
	}
}

// TestThreads: the same bits on any number of threads.
func TestThreads(t *testing.T) {
	n, dy, dEnd := problem{3, 150, 21, 3, -3}.naive()
	var want map[string][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		got := run(New[float32](n.B, n.T, n.H, n.Modes), n, dy, dEnd).all()
		if want == nil {
			want = got
		}
		for name := range want {
			kerneltest.Identical(t, name, got[name], want[name])
		}
	})
}

// TestSpreadsNaN: what depends on a NaN is NaN.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	p := problem{2, block + 6, 3, 2, -3}
	n, dyWide, _ := p.naive()
	parameters, u := operands[F](n)
	k, y, du, dp, dy := New[F](p.batch, p.time, p.channels, p.modes), make([]F, len(u)), make([]F, len(u)), poisoned(parameters), kerneltest.Narrow[F](dyWide)
	in := map[string][]F{"u": u, "dy": dy, "logDt": parameters.LogDt, "logAReal": parameters.LogAReal, "aImag": parameters.AImag, "c": parameters.C, "d": parameters.D}
	perChannel := map[string]int{"logDt": 1, "logAReal": p.modes, "aImag": p.modes, "c": 2 * p.modes, "d": 1, "dLogDt": 1, "dLogAReal": p.modes, "dAImag": p.modes, "dC": 2 * p.modes, "dD": 1}
	channel := func(name string, i int) int {
		if n := perChannel[name]; n > 0 {
			return i / n
		}
		return i % p.channels
	}
	kerneltest.SpreadsNaN(t, in, func() map[string][]F {
		k.Forward(y, u, parameters, nil)
		k.Backward(dp, du, nil, u, dy, nil)
		return map[string][]F{"y": y, "du": du, "dLogDt": dp.LogDt, "dLogAReal": dp.LogAReal, "dAImag": dp.AImag, "dC": dp.C, "dD": dp.D}
	}, func(out string, o int, in string, i int) bool {
		sequence, time := func(i int) int { return i / (p.time * p.channels) }, func(i int) int { return i / p.channels % p.time }
		if channel(out, o) != channel(in, i) {
			return false
		}
		switch out + " " + in {
		case "y u":
			return sequence(o) == sequence(i) && time(o) >= time(i)
		case "du dy":
			return sequence(o) == sequence(i) && time(o) <= time(i)
		case "y dy", "du u":
			return false
		}
		switch {
		case in == "d":
			return out == "y" || out == "du"
		case out == "dD":
			return in == "u" || in == "dy"
		case out == "dC" && in == "c":
			return false
		case (out == "dLogAReal" || out == "dAImag" || out == "dC") && perChannel[in] > 1: // of one mode
			return o*p.modes/perChannel[out] == i*p.modes/perChannel[in]
		}
		return true
	})
}

// TestAllocatesNothing: neither in training nor streaming.
func TestAllocatesNothing(t *testing.T) {
	kerneltest.Both(t, testAllocatesNothing[float32], testAllocatesNothing[float64])
}

func testAllocatesNothing[F simd.Float](t *testing.T) {
	n, dyWide, _ := problem{2, 70, 9, 3, -3}.naive()
	p, u := operands[F](n)
	k, carry, dp, y, du, dy := New[F](n.B, n.T, n.H, n.Modes), NewCarry[F](n.B, n.H, n.Modes), poisoned(p), make([]F, len(u)), make([]F, len(u)), kerneltest.Narrow[F](dyWide)
	kerneltest.AllocatesNothing(t, "a training step", func() {
		p.C[0]++
		k.Forward(y, u, p, nil)
		k.Backward(dp, du, nil, u, dy, nil)
	})
	kerneltest.AllocatesNothing(t, "a stretch", func() { k.Forward(y, u, p, carry) })
}

func TestPanics(t *testing.T) {
	n, _, _ := problems[1].naive()
	p, u := operands[float32](n)
	kerneltest.Panics(t, "a carry of other modes", func() {
		New[float32](n.B, n.T, n.H, n.Modes).Forward(make([]float32, len(u)), u, p, NewCarry[float32](n.B, n.H, n.Modes+1))
	})
}
