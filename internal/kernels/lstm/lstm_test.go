package lstm

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// A problem is a size; its operands follow from it.
type problem struct {
	batch, time, width int
	scale              float64 // of u
	carried, documents bool
}

// problems are of awkward sizes, around the number of steps for which W^T is made and that of sequences of a group.
var problems = []problem{
	{1, 1, 1, 1, false, false}, {2, 2, 3, 1, false, false}, {3, 7, 5, 1, true, true}, {2, fewSteps - 1, 9, 1, true, false}, {1, fewSteps, 8, 1, true, true},
	{5, 63, 17, 1, false, true}, {2*largestGroup + 3, 20, 6, 1, false, true}, {2, 40, 4, 1e4, true, true}, {2, 40, 4, 1e-4, false, false}, {1, 30, 70, 1, false, false},
	{2, 2000, 4, 1, true, false}, {100, 3, 1, 1, false, true}, {2, 5, 12, 1e30, true, true}, {1, 4, 1000, 1, false, true}, {1, fewSteps, 1000, 1, false, false},
}

func (p problem) naive() (n Naive, dy []float64) {
	draw := func(stream string, size int, scale float64) []float64 {
		x := kerneltest.Widen(kerneltest.Normal[float32](fmt.Sprint(stream, p), size))
		for i := range x {
			x[i] = float64(float32(x[i] * scale))
		}
		return x
	}
	n = Naive{B: p.batch, T: p.time, H: p.width, U: draw("u", p.batch*p.time*4*p.width, p.scale), W: draw("w", 4*p.width*p.width, 1/math.Sqrt(float64(p.width))),
		Bias: draw("bias", 4*p.width, 1)}
	if p.carried {
		n.H0, n.C0 = draw("h", p.batch*p.width, 0.5), draw("c", p.batch*p.width, 1)
	}
	if p.documents {
		n.Reset = make([]int32, p.batch*p.time)
		for i := range n.Reset {
			if i%7 == 3 || i%5 == 0 {
				n.Reset[i] = int32(i + 1)
			}
		}
	}
	return n, draw("dy", p.batch*p.time*p.width, 1)
}

// run returns outputs and gradients of a kernel of that size, and the carry.
func run[F simd.Float](k *Kernel[F], n Naive, dy []float64) (h, du, dw, dbias []F, carry *Carry[F]) {
	u, w, bias := kerneltest.Narrow[F](n.U), kerneltest.Narrow[F](n.W), kerneltest.Narrow[F](n.Bias)
	h, du, dw, dbias = kerneltest.Poisoned[F](len(dy)), kerneltest.Poisoned[F](len(u)), kerneltest.Poisoned[F](len(w)), kerneltest.Poisoned[F](len(bias))
	if n.H0 != nil {
		carry = NewCarry[F](n.B, n.H)
		copy(carry.h, kerneltest.Narrow[F](n.H0))
		copy(carry.c, kerneltest.Narrow[F](n.C0))
	}
	k.Forward(h, u, w, bias, n.Reset, carry)
	k.Backward(du, dw, dbias, w, kerneltest.Narrow[F](dy))
	return h, du, dw, dbias, carry
}

func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, p := range problems {
		n, dy := p.naive()
		k := New[F](p.batch, p.time, p.width)
		wantH, last := n.Forward()
		wantU, wantW, wantB := n.Backward(dy)
		for range 2 { // the second run finds used buffers
			h, du, dw, dbias, carry := run(k, n, dy)
			name, tolerance := fmt.Sprint(p, " "), kerneltest.Tolerance[F](3e-5, 1e-12)
			kerneltest.Near(t, name+"h", h, wantH, tolerance)
			kerneltest.Near(t, name+"du", du, wantU, tolerance)
			kerneltest.Near(t, name+"dw", dw, wantW, tolerance)
			kerneltest.Near(t, name+"dbias", dbias, wantB, tolerance)
			if carry != nil {
				kerneltest.Near(t, name+"last c", carry.c, last, tolerance)
				kerneltest.Identical(t, name+"last h", carry.h, kerneltest.Positions(h, p.batch, p.width, p.time-1, p.time))
			}
		}
	}
}

// TestNaiveGradients compares the gradients of the definition with finite differences.
func TestNaiveGradients(t *testing.T) {
	for _, p := range problems[:5] {
		n, dy := p.naive()
		du, dw, dbias := n.Backward(dy)
		f := func() float64 { h, _ := n.Forward(); return kerneltest.Dot(h, dy) }
		options := gradcheck.Options{Elements: 40}
		gradcheck.Check(t, "u", f, n.U, du, options)
		gradcheck.Check(t, "w", f, n.W, dw, options)
		gradcheck.Check(t, "bias", f, n.Bias, dbias, options)
	}
}

// TestStreams: a sequence in stretches of any lengths equals the whole.
func TestStreams(t *testing.T) { kerneltest.Both(t, testStreams[float32], testStreams[float64]) }

func testStreams[F simd.Float](t *testing.T) {
	p := problem{3, 60, 9, 1, false, true}
	n, _ := p.naive()
	u, w, bias := kerneltest.Narrow[F](n.U), kerneltest.Narrow[F](n.W), kerneltest.Narrow[F](n.Bias)
	all, whole := NewCarry[F](p.batch, p.width), kerneltest.Poisoned[F](p.batch*p.time*p.width)
	New[F](p.batch, p.time, p.width).Forward(whole, u, w, bias, n.Reset, all)
	for _, lengths := range [][]int{{1}, {2, 1}, {3, 20, 5}, {p.time - 1}} {
		carry := NewCarry[F](p.batch, p.width)
		copy(carry.h, kerneltest.Poisoned[F](len(carry.h)))
		copy(carry.c, kerneltest.Poisoned[F](len(carry.c)))
		carry.Reset()
		for lo, i := 0, 0; lo < p.time; i++ {
			hi := min(lo+lengths[i%len(lengths)], p.time)
			var reset []int32
			for b := range p.batch {
				reset = append(reset, n.Reset[b*p.time+lo:b*p.time+hi]...)
			}
			h := kerneltest.Poisoned[F](p.batch * (hi - lo) * p.width)
			New[F](p.batch, hi-lo, p.width).Forward(h, kerneltest.Positions(u, p.batch, 4*p.width, lo, hi), w, bias, reset, carry)
			kerneltest.Near(t, fmt.Sprint(lengths, " from ", lo), h, kerneltest.Positions(whole, p.batch, p.width, lo, hi), kerneltest.Tolerance[F](1e-6, 1e-14))
			lo = hi
		}
		kerneltest.Near(t, fmt.Sprint(lengths, " last c"), carry.Arrays("")[1].Data.([]F), all.c, kerneltest.Tolerance[F](1e-6, 1e-14))
	}
}

// TestThreads: the same bits on any number of threads.
func TestThreads(t *testing.T) {
	p := problem{2*largestGroup + 3, 40, 33, 1, true, true}
	n, dy := p.naive()
	var want [4][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		var got [4][]float32
		got[0], got[1], got[2], got[3], _ = run(New[float32](p.batch, p.time, p.width), n, dy)
		if want[0] == nil {
			want = got
		}
		for i, name := range []string{"h", "du", "dw", "dbias"} {
			kerneltest.Identical(t, name, got[i], want[i])
		}
	})
}

// TestSpreadsNaN: what depends on a NaN is NaN.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	for _, time := range []int{3, fewSteps + 3} {
		p := problem{2, time, 3, 1, false, false}
		n, dyWide := p.naive()
		u, w, bias, dy := kerneltest.Narrow[F](n.U), kerneltest.Narrow[F](n.W), kerneltest.Narrow[F](n.Bias), kerneltest.Narrow[F](dyWide)
		k := New[F](p.batch, p.time, p.width)
		h, du, dw, dbias := make([]F, len(dy)), make([]F, len(u)), make([]F, len(w)), make([]F, len(bias))
		at := func(name string, i int) (b, t, j int) { // sequence, step and number of the state
			n := p.width
			if name == "u" || name == "du" {
				return i / (p.time * 4 * n), i / (4 * n) % p.time, i % n
			}
			return i / (p.time * n), i / n % p.time, i % n
		}
		kerneltest.SpreadsNaN(t, map[string][]F{"u": u, "w": w, "bias": bias, "dy": dy}, func() map[string][]F {
			k.Forward(h, u, w, bias, nil, nil)
			k.Backward(du, dw, dbias, w, dy)
			return map[string][]F{"h": h, "du": du}
		}, func(out string, o int, in string, i int) bool {
			ob, ot, oj := at(out, o)
			ib, it, ij := at(in, i)
			switch out + " " + in {
			case "h u":
				return ob == ib && (ot > it || ot == it && oj == ij)
			case "h w":
				return ot > 1
			case "h bias":
				return ot > 0
			case "du dy", "du u":
				return ob == ib && (ot < it || ot == it && oj == ij)
			}
			return out == "du" && in != "dy" && ot < p.time-1 && ot > 0
		})
	}
}

// TestAllocatesNothing: neither in training nor streaming.
func TestAllocatesNothing(t *testing.T) {
	kerneltest.Both(t, testAllocatesNothing[float32], testAllocatesNothing[float64])
}

func testAllocatesNothing[F simd.Float](t *testing.T) {
	p := problem{3, 20, 5, 1, false, true}
	n, dyWide := p.naive()
	u, w, bias, dy := kerneltest.Narrow[F](n.U), kerneltest.Narrow[F](n.W), kerneltest.Narrow[F](n.Bias), kerneltest.Narrow[F](dyWide)
	k, carry := New[F](p.batch, p.time, p.width), NewCarry[F](p.batch, p.width)
	h, du, dw, dbias := make([]F, len(dy)), make([]F, len(u)), make([]F, len(w)), make([]F, len(bias))
	kerneltest.AllocatesNothing(t, "a training step", func() {
		k.Forward(h, u, w, bias, n.Reset, nil)
		k.Backward(du, dw, dbias, w, dy)
	})
	kerneltest.AllocatesNothing(t, "a stretch", func() { k.Forward(h, u, w, bias, nil, carry) })
}

func TestPanics(t *testing.T) {
	kerneltest.Panics(t, "a carry of another width", func() {
		New[float32](1, 2, 3).Forward(make([]float32, 6), make([]float32, 24), make([]float32, 36), make([]float32, 12), nil, NewCarry[float32](1, 2))
	})
	kerneltest.Panics(t, "no steps", func() { New[float32](1, 0, 3) })
}
