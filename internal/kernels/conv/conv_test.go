package conv

import (
	"fmt"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// A problem is a size; its operands follow from it.
type problem struct {
	batch, time, channels, width int
	silu, bias                   bool
}

// problems are sequences shorter than the kernel, of awkward lengths and over the blocks of positions and channels.
var problems = []problem{
	{1, 1, 1, 1, true, true}, {2, 1, 3, 4, true, false}, {1, 2, 7, 4, true, true}, {3, 3, 8, 4, false, true}, {2, 63, 9, 4, true, true},
	{1, 64, 16, 2, false, false}, {2, 65, 17, 3, true, true}, {1, 2*timeSpan + 3, channelBlock + 5, 4, true, true}, {1, 2, rowBlock + 9, 3, true, true}, {2, timeSpan + 1, 2, 5, true, false},
	{1, timeSpan + timeBlock + 9, 3, timeBlock + 8, true, true}, {1, timeTile + 1, 3, 2*timeTile + 3, true, true},
}

func (p problem) naive() (n Naive, dy []float64) {
	draw := func(stream string, size int) []float64 {
		return kerneltest.Widen(kerneltest.Normal[float32](fmt.Sprint(stream, p), size))
	}
	n = Naive{B: p.batch, T: p.time, C: p.channels, W: p.width, SiLU: p.silu, X: draw("x", p.batch*p.time*p.channels), Weight: draw("w", p.channels*p.width),
		Before: draw("before", p.batch*p.channels*p.width)}
	if p.bias {
		n.Bias = draw("bias", p.channels)
	}
	return n, draw("dy", p.batch*p.time*p.channels)
}

// narrow rounds to F and keeps nil.
func narrow[F simd.Float](x []float64) []F {
	if x == nil {
		return nil
	}
	return kerneltest.Narrow[F](x)
}

// run returns the output and gradients of a kernel of that size.
func run[F simd.Float](k *Kernel[F], n Naive, dy []float64) (y, dx, dw, dbias []F) {
	x, w, bias := narrow[F](n.X), narrow[F](n.Weight), narrow[F](n.Bias)
	y, dx, dw, dbias = kerneltest.Poisoned[F](len(x)), kerneltest.Poisoned[F](len(x)), kerneltest.Poisoned[F](len(w)), kerneltest.Poisoned[F](len(bias))
	var carry *Carry[F]
	if n.Before != nil {
		carry = NewCarry[F](n.B, n.C, n.W)
		copy(carry.last, narrow[F](n.Before))
	}
	k.Forward(y, x, w, bias, carry)
	k.Backward(dx, dw, dbias, x, w, bias, narrow[F](dy))
	return y, dx, dw, dbias
}

func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, p := range problems {
		for _, scale := range []float64{1, 100, 1e-3, 1e25} {
			n, dy := p.naive()
			for i := range n.X {
				n.X[i] = float64(F(n.X[i] * scale))
			}
			k := New[F](p.batch, p.time, p.channels, p.width, p.silu)
			for _, before := range [][]float64{nil, n.Before, nil} { // later runs find used buffers
				n.Before = before
				y, dx, dw, dbias := run(k, n, dy)
				wantX, wantW, wantB, _ := n.Backward(dy)
				name, tolerance := fmt.Sprint(p, " times ", scale, " "), kerneltest.Tolerance[F](2e-5, 1e-13)
				near := func(what string, got []F, want []float64) { // SiLU below 1e-30 is 0 but for rounding
					t.Helper()
					kerneltest.Within(t, name+what, got, want, tolerance*kerneltest.Largest(want)+1e-30*scale*scale)
				}
				near("y", y, n.Forward())
				near("dx", dx, wantX)
				near("dw", dw, wantW)
				near("dbias", dbias, wantB)
			}
		}
	}
}

// TestNaiveGradients compares the gradients of the definition with finite differences.
func TestNaiveGradients(t *testing.T) {
	for _, p := range problems[:5] {
		n, dy := p.naive()
		dx, dw, dbias, dbefore := n.Backward(dy)
		f := func() float64 { return kerneltest.Dot(n.Forward(), dy) }
		options := gradcheck.Options{Elements: 40}
		gradcheck.Check(t, "x", f, n.X, dx, options)
		gradcheck.Check(t, "w", f, n.Weight, dw, options)
		gradcheck.Check(t, "bias", f, n.Bias, dbias, options)
		gradcheck.Check(t, "before", f, n.Before, dbefore, options)
	}
}

// TestStreams: a sequence in stretches of any lengths has the bits of the whole, and leaves the same carry.
func TestStreams(t *testing.T) { kerneltest.Both(t, testStreams[float32], testStreams[float64]) }

func testStreams[F simd.Float](t *testing.T) {
	for _, p := range []problem{{2, 150, 19, 4, true, true}, {1, 70, 8, 1, true, false}, {1, 70, 3, 70, false, true}} {
		n, _ := p.naive()
		w, bias, all := narrow[F](n.Weight), narrow[F](n.Bias), NewCarry[F](p.batch, p.channels, p.width)
		whole := kerneltest.Poisoned[F](len(n.X))
		New[F](p.batch, p.time, p.channels, p.width, p.silu).Forward(whole, narrow[F](n.X), w, bias, all)
		for _, lengths := range [][]int{{1}, {2, 1}, {3, 64, 5}, {p.time - 1}} {
			carry := NewCarry[F](p.batch, p.channels, p.width)
			copy(carry.last, kerneltest.Poisoned[F](len(carry.last)))
			carry.Reset()
			for lo, i := 0, 0; lo < p.time; i++ {
				hi := min(lo+lengths[i%len(lengths)], p.time)
				x, want := kerneltest.Positions(n.X, p.batch, p.channels, lo, hi), kerneltest.Positions(kerneltest.Widen(whole), p.batch, p.channels, lo, hi)
				y := kerneltest.Poisoned[F](len(x))
				New[F](p.batch, hi-lo, p.channels, p.width, p.silu).Forward(y, narrow[F](x), w, bias, carry)
				kerneltest.Identical(t, fmt.Sprint(p, lengths, " from ", lo), kerneltest.Widen(y), want)
				lo = hi
			}
			kerneltest.Identical(t, fmt.Sprint(p, lengths, " carry"), carry.Arrays("")[0].Data.([]F), all.last)
		}
	}
}

// TestThreads: the same bits on any number of threads.
func TestThreads(t *testing.T) {
	p := problem{3, 2*timeSpan + 5, 2*channelBlock + 3, 4, true, true}
	n, dy := p.naive()
	var want [4][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		var got [4][]float32
		got[0], got[1], got[2], got[3] = run(New[float32](p.batch, p.time, p.channels, p.width, p.silu), n, dy)
		if want[0] == nil {
			want = got
		}
		for i, name := range []string{"y", "dx", "dw", "dbias"} {
			kerneltest.Identical(t, name, got[i], want[i])
		}
	})
}

// TestSpreadsNaN: what depends on a NaN is NaN, and an output before it is not.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	const width = 3
	p := problem{2, timeBlock + 6, 2, width, true, true}
	n, dyWide := p.naive()
	x, w, bias, dy := narrow[F](n.X), narrow[F](n.Weight), narrow[F](n.Bias), narrow[F](dyWide)
	k := New[F](p.batch, p.time, p.channels, p.width, p.silu)
	y, dx, dw, db := make([]F, len(x)), make([]F, len(x)), make([]F, len(w)), make([]F, len(bias))
	// place returns sequence, position and channel
	place := func(i int) (b, t, c int) { return i / (p.time * p.channels), i / p.channels % p.time, i % p.channels }
	kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "w": w, "bias": bias, "dy": dy}, func() map[string][]F {
		k.Forward(y, x, w, bias, nil)
		k.Backward(dx, dw, db, x, w, bias, dy)
		for i, v := range y {
			for j := range x {
				b, t0, _ := place(j)
				if bi, ti, _ := place(i); x[j] != x[j] && v != v && (b != bi || ti < t0) {
					t.Fatalf("NaN at position %d gives NaN at position %d", t0, ti)
				}
			}
		}
		return map[string][]F{"y": y, "dx": dx, "dw": dw, "dbias": db}
	}, func(out string, o int, in string, i int) bool {
		channel := func(name string, i int) int {
			if name == "w" || name == "dw" {
				return i / width
			}
			return i % p.channels
		}
		if channel(out, o) != channel(in, i) {
			return false
		}
		ob, ot, _ := place(o)
		ib, it, _ := place(i)
		switch out + " " + in {
		case "y x":
			return ob == ib && it <= ot && it > ot-width
		case "dx dy":
			return ob == ib && ot <= it && ot > it-width
		case "dx x":
			return ob == ib && max(ot-it, it-ot) < width
		case "y w":
			return ot >= width-1
		case "y dy":
			return false
		case "dw x":
			return it < p.time-width
		case "dw dy":
			return it >= width-1
		case "dx w":
			return ot < p.time-width+1 && ot > width
		}
		return true
	})
}

// TestAllocatesNothing: neither in training nor streaming.
func TestAllocatesNothing(t *testing.T) {
	kerneltest.Both(t, testAllocatesNothing[float32], testAllocatesNothing[float64])
}

func testAllocatesNothing[F simd.Float](t *testing.T) {
	const batch, time, channels, width = 2, 70, 9, 4
	k, carry := New[F](batch, time, channels, width, true), NewCarry[F](batch, channels, width)
	x, w, bias := kerneltest.Normal[F]("x", batch*time*channels), kerneltest.Normal[F]("w", channels*width), kerneltest.Normal[F]("bias", channels)
	y, dx, dw, db := make([]F, len(x)), make([]F, len(x)), make([]F, len(w)), make([]F, len(bias))
	kerneltest.AllocatesNothing(t, "a training step", func() {
		k.Forward(y, x, w, bias, nil)
		k.Backward(dx, dw, db, x, w, bias, y)
	})
	kerneltest.AllocatesNothing(t, "a stretch", func() { k.Forward(y, x, w, bias, carry) })
}

func TestPanics(t *testing.T) {
	kerneltest.Panics(t, "a carry of another width", func() {
		New[float32](1, 2, 3, 4, true).Forward(make([]float32, 6), make([]float32, 6), make([]float32, 12), nil, NewCarry[float32](1, 3, 3))
	})
}
