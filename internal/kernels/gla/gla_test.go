package gla

import (
	"fmt"
	"math"
	"os"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

func TestMain(m *testing.M) {
	workspace.Poison()
	os.Exit(m.Run())
}

// sizes have awkward lengths around the stretches, widths around the vectors and few heads with parts.
var sizes = []Size{
	{Batch: 1, Time: 1, Heads: 1, DKey: 1, DValue: 1},
	{Batch: 2, Time: 2, Heads: 3, DKey: 5, DValue: 2},
	{Batch: 1, Time: 63, Heads: 2, DKey: 8, DValue: 9, Scale: 0.75},
	{Batch: 1, Time: 64, Heads: 1, DKey: 33, DValue: 31},
	{Batch: 1, Time: 65, Heads: 3, DKey: 4, DValue: 70},
	{Batch: 9, Time: 130, Heads: 1, DKey: 17, DValue: 16},
	{Batch: 1, Time: 200, Heads: 1, DKey: 64, DValue: 48},
}

// draw returns normal operands of that size rounded to float32, with decays down to about exp(-strength), and
// gradients of both outputs.
func draw(size Size, strength float64) (a Naive, do, dEnd []float64) {
	random := func(stream string, n int) []float64 {
		return kerneltest.Widen(kerneltest.Normal[float32](fmt.Sprint(stream, size), n))
	}
	heads := size.Batch * size.Heads
	a = Naive{Size: size, Q: random("q", heads*size.Time*size.DKey), K: random("k", heads*size.Time*size.DKey),
		V: random("v", heads*size.Time*size.DValue), Start: random("start", heads*size.DKey*size.DValue)}
	n := heads * size.Time * size.decays()
	if size.Decay == Fixed {
		n = size.Heads
	}
	a.G = random("g", n)
	for i, g := range a.G {
		a.G[i] = float64(float32(-strength * math.Abs(g)))
	}
	return a, random("do", len(a.V)), random("dEnd", len(a.Start))
}

// run runs the fast form forward and backward twice, so that the second run finds used memory, and returns what it
// wrote, by name.
func run[F simd.Float](a Naive, do, dEnd []float64) map[string][]F {
	k := New[F](a.Size)
	k.WantGradients()
	q, keys, v, g := kerneltest.Narrow[F](a.Q), kerneltest.Narrow[F](a.K), kerneltest.Narrow[F](a.V), kerneltest.Narrow[F](a.G)
	o, dq, dk, dv := kerneltest.Poisoned[F](len(v)), kerneltest.Poisoned[F](len(q)), kerneltest.Poisoned[F](len(q)), kerneltest.Poisoned[F](len(v))
	dg, dStart := kerneltest.Poisoned[F](len(g)), kerneltest.Poisoned[F](len(dEnd))
	carry := NewCarry[F](a.Batch, a.Heads, a.DKey, a.DValue)
	for range 2 {
		carry.Reset()
		if a.Start != nil {
			copy(carry.state, kerneltest.Narrow[F](a.Start))
		}
		k.Forward(o, q, keys, v, g, carry)
		if a.Decay == Fixed {
			dg = nil
		}
		k.Backward(dq, dk, dv, dg, dStart, q, keys, v, g, kerneltest.Narrow[F](do), kerneltest.Narrow[F](dEnd))
	}
	return map[string][]F{"o": o, "end": carry.state, "dq": dq, "dk": dk, "dv": dv, "dg": dg, "dStart": dStart}
}

// naive is run of the definition.
func naive(a Naive, do, dEnd []float64) map[string][]float64 {
	o, end := a.Forward()
	dq, dk, dv, dg, dStart := a.Backward(do, dEnd)
	if a.Decay == Fixed {
		dg = nil
	}
	return map[string][]float64{"o": o, "end": end, "dq": dq, "dk": dk, "dv": dv, "dg": dg, "dStart": dStart}
}

// near fails the test unless the fast form equals the definition.
func near[F simd.Float](t *testing.T, name string, a Naive, do, dEnd []float64, tolerance float64) {
	t.Helper()
	got, want := run[F](a, do, dEnd), naive(a, do, dEnd)
	for out := range want {
		kerneltest.Near(t, fmt.Sprintf("%s %+v %s", name, a.Size, out), got[out], want[out], tolerance)
	}
}

// decays are all kinds of decay.
var decays = []Decay{PerChannel, PerHead, Fixed}

// TestEqualsNaive compares with the definition in float64, for decays from none to those that forget at once.
func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, size := range sizes {
		for _, size.Decay = range decays {
			for _, strength := range []float64{0, 0.05, 1, 20, -0.01} { // the last grows
				a, do, dEnd := draw(size, strength)
				near[F](t, fmt.Sprint("decays of ", strength), a, do, dEnd, kerneltest.Tolerance[F](2e-5, 1e-12))
			}
		}
	}
}

// TestForgets: a decay of exactly 0 forgets, and nothing becomes NaN.
func TestForgets(t *testing.T) {
	kerneltest.Both(t, testForgets[float32], testForgets[float64])
}

func testForgets[F simd.Float](t *testing.T) {
	for _, size := range sizes {
		for _, size.Decay = range decays {
			for _, every := range []int{1, 3, 50} {
				a, do, dEnd := draw(size, 0.1)
				for i := 0; i < len(a.G); i += every {
					a.G[i] = math.Inf(-1)
				}
				near[F](t, fmt.Sprint("every ", every), a, do, dEnd, kerneltest.Tolerance[F](2e-5, 1e-12))
			}
		}
	}
}

// TestDecaysOfOneStrength: where all decays are equally strong, all dg are small beside q dq and k dk, whose
// differences would have no digit of them.
func TestDecaysOfOneStrength(t *testing.T) {
	for _, decay := range []Decay{PerChannel, PerHead} {
		for _, strength := range []float64{0.2, 4.9, 5.1, 20, 40} {
			a, do, dEnd := draw(Size{Batch: 1, Time: 100, Heads: 2, DKey: 9, DValue: 8, Decay: decay}, 0)
			for i := range a.G {
				a.G[i] = -strength
			}
			near[float32](t, fmt.Sprint("decays of ", strength), a, do, dEnd, 3e-5)
		}
	}
}

// TestExtremes: products may be near either end of the range of float32.
func TestExtremes(t *testing.T) {
	for _, decay := range decays {
		for _, scales := range [][2]float64{{1e30, 1e-25}, {1e-30, 1e30}, {1e-18, 1e-18}} {
			a, do, dEnd := draw(Size{Batch: 1, Time: 70, Heads: 2, DKey: 9, DValue: 8, Decay: decay}, 0.3)
			for i := range a.K {
				a.K[i] = float64(float32(a.K[i] * scales[0]))
			}
			for i := range a.V {
				a.V[i] = float64(float32(a.V[i] * scales[1]))
			}
			a.Start = nil
			near[float32](t, fmt.Sprint(scales), a, do, make([]float64, len(dEnd)), 2e-5)
		}
	}
}

// TestNaiveGradient compares the gradients of the definition with finite differences.
func TestNaiveGradient(t *testing.T) {
	for _, decay := range decays {
		a, do, dEnd := draw(Size{Batch: 2, Time: 5, Heads: 2, DKey: 3, DValue: 2, Decay: decay}, 0.5)
		dq, dk, dv, dg, dStart := a.Backward(do, dEnd)
		loss := func() float64 {
			o, end := a.Forward()
			return kerneltest.Dot(o, do) + kerneltest.Dot(end, dEnd)
		}
		gradcheck.Check(t, "q", loss, a.Q, dq, gradcheck.Options{})
		gradcheck.Check(t, "k", loss, a.K, dk, gradcheck.Options{})
		gradcheck.Check(t, "v", loss, a.V, dv, gradcheck.Options{})
		gradcheck.Check(t, "g", loss, a.G, dg, gradcheck.Options{})
		gradcheck.Check(t, "start", loss, a.Start, dStart, gradcheck.Options{})
	}
}

// TestStreams: a sequence in pieces equals the whole.
func TestStreams(t *testing.T) {
	kerneltest.Both(t, testStreams[float32], testStreams[float64])
}

func testStreams[F simd.Float](t *testing.T) {
	for _, size := range sizes {
		for _, size.Decay = range decays {
			a, _, _ := draw(size, 0.2)
			a.Start = nil
			want, end := a.Forward()
			carry := NewCarry[F](size.Batch, size.Heads, size.DKey, size.DValue)
			g := func(lo, hi int) []float64 {
				if size.Decay == Fixed {
					return a.G
				}
				return kerneltest.Positions(a.G, size.Batch, size.Heads*size.decays(), lo, hi)
			}
			for lo, n := 0, 1; lo < size.Time; lo, n = lo+n, n+n {
				part := size
				n = min(n, size.Time-lo)
				part.Time = n
				cut := func(x []float64, width int) []F {
					return kerneltest.Narrow[F](kerneltest.Positions(x, size.Batch, size.Heads*width, lo, lo+n))
				}
				o := kerneltest.Poisoned[F](size.Batch * n * size.Heads * size.DValue)
				New[F](part).Forward(o, cut(a.Q, size.DKey), cut(a.K, size.DKey), cut(a.V, size.DValue), kerneltest.Narrow[F](g(lo, lo+n)), carry)
				kerneltest.Within(t, fmt.Sprintf("%+v from %d to %d", size, lo, lo+n), kerneltest.Widen(o),
					kerneltest.Positions(want, size.Batch, size.Heads*size.DValue, lo, lo+n), kerneltest.Tolerance[F](1e-5, 1e-12)*kerneltest.Largest(want))
			}
			kerneltest.Near(t, fmt.Sprintf("%+v last state", size), carry.state, end, kerneltest.Tolerance[F](1e-5, 1e-12))
		}
	}
}

// TestThreads: the number of threads does not change a bit.
func TestThreads(t *testing.T) {
	for _, size := range sizes {
		for _, size.Decay = range decays {
			a, do, dEnd := draw(size, 0.5)
			var want map[string][]float32
			kerneltest.OnThreads(t, func(t *testing.T) {
				got := run[float32](a, do, dEnd)
				if want == nil {
					want = got
				}
				for name := range want {
					kerneltest.Identical(t, fmt.Sprint(size, " ", name), got[name], want[name])
				}
			})
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	for _, size := range sizes {
		for _, size.Decay = range decays {
			a, _, dEnd := draw(size, 0.5)
			end := kerneltest.Narrow[float32](dEnd)
			k := New[float32](size)
			k.WantGradients()
			q, v, g, carry := kerneltest.Narrow[float32](a.Q), kerneltest.Narrow[float32](a.V), kerneltest.Narrow[float32](a.G), NewCarry[float32](size.Batch, size.Heads, size.DKey, size.DValue)
			dq, dk, dv, dg, dStart := make([]float32, len(q)), make([]float32, len(q)), make([]float32, len(v)), make([]float32, len(g)), make([]float32, len(dEnd))
			kerneltest.AllocatesNothing(t, fmt.Sprintf("%+v", size), func() {
				k.Forward(dv, q, q, v, g, carry)
				k.Backward(dq, dk, dv, dg, dStart, q, q, v, g, v, end)
			})
		}
	}
}

// TestSpreadsNaN: what depends on a NaN is NaN, and no output before it is.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	for _, decay := range []Decay{PerChannel, PerHead} {
		size := Size{Batch: 1, Time: 70, Heads: 1, DKey: 2, DValue: 3, Decay: decay}
		a, do, dEnd := draw(size, 0.1)
		width := map[string]int{"q": 2, "k": 2, "v": 3, "g": size.decays(), "do": 3, "o": 3, "dq": 2, "dk": 2, "dv": 3, "dg": size.decays()}
		kerneltest.SpreadsNaN(t, map[string][]float64{"q": a.Q, "k": a.K, "v": a.V, "g": a.G, "do": do}, func() map[string][]float64 {
			wide := map[string][]float64{}
			for name, x := range run[F](a, do, dEnd) {
				if width[name] > 0 {
					wide[name] = kerneltest.Widen(x)
				}
			}
			for i, x := range wide["o"] {
				if x != x && !reached(a, i/3) {
					t.Fatalf("o[%d] is NaN, but no operand of its past is", i)
				}
			}
			return wide
		}, func(out string, o int, in string, i int) bool {
			to, from, x, y := o/width[out], i/width[in], o%width[out], i%width[in] // tokens and channels
			if out == "dg" || in == "g" || width[out] == width[in] && x != y {
				// a token's own decay, and what is before or behind it, meet in many ways: those that are certain
				return out == "o" && in == "g" && from <= to || out == "dg" && in == "v" && from < to && to-from < 3
			}
			switch out {
			case "o":
				return in == "q" && to == from || (in == "k" || in == "v") && from <= to
			case "dq":
				return in == "do" && to == from || (in == "k" || in == "v") && from <= to
			}
			return in == "v" && out == "dk" && to == from || in == "k" && out == "dv" && to == from || (in == "q" || in == "do") && from >= to
		})
	}
}

// reached reports whether an operand that the output of token t depends on is NaN.
func reached(a Naive, t int) bool {
	for _, x := range [][]float64{a.Q[:(t+1)*a.DKey], a.K[:(t+1)*a.DKey], a.V[:(t+1)*a.DValue], a.G[:(t+1)*a.decays()]} {
		for _, v := range x {
			if v != v {
				return true
			}
		}
	}
	return false
}

func TestPanics(t *testing.T) {
	good := Size{Batch: 1, Time: 2, Heads: 1, DKey: 1, DValue: 1}
	for name, change := range map[string]func(s *Size){
		"no head":          func(s *Size) { s.Heads = 0 },
		"no token":         func(s *Size) { s.Time = 0 },
		"an unknown decay": func(s *Size) { s.Decay = Fixed + 1 },
	} {
		bad := good
		change(&bad)
		kerneltest.Panics(t, name, func() { New[float32](bad) })
	}
	x := make([]float64, 2)
	kerneltest.Panics(t, "no gradients wanted", func() { New[float64](good).Backward(x, x, x, x, nil, x, x, x, x, x, nil) })
	kerneltest.Panics(t, "a carry of another size", func() { New[float64](good).Forward(x, x, x, x, x, NewCarry[float64](1, 1, 1, 2)) })
}
