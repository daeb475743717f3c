package scan

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// gatedCase is one recurrence; its numbers follow from its name.
type gatedCase struct {
	name           string
	b, t, d        int
	scaleC, scaleL float64
	start          float64
}

var gatedCases = []gatedCase{
	{"one step", 1, 1, 1, 1, 1, 1},
	{"two steps", 3, 2, 5, 1, 1, 1},
	{"less one", 1, 63, 17, 1, 1, 0},
	{"usual", 2, 30, 3, 1, 1, 0},
	{"carried", 2, 30, 3, 1, 1, -2},
	{"over a block of channels", 1, 3, 130, 1, 1, 0.5},
	{"decays of 1 and of nothing", 2, 40, 3, 60, 1, 0},
	{"inputs out of the float range", 2, 40, 3, 1, 400, 0},
	{"long", 1, 400, 1, 3, 3, 0},
}

// TestGatedEqualsNaive compares with the sum of all inputs times their decays in float64.
func TestGatedEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testGated[float32], testGated[float64])
}

func testGated[F simd.Float](t *testing.T) {
	for _, c := range gatedCases {
		t.Run(c.name, func(t *testing.T) {
			x := kerneltest.Normal[F](c.name+"x", c.b*c.t*2*c.d)
			for i := range x {
				if i/c.d%2 == 0 {
					x[i] *= F(c.scaleC)
				} else {
					x[i] *= F(c.scaleL)
				}
			}
			de, residual := kerneltest.Normal[F](c.name+"de", c.b*c.t*c.d), kerneltest.Normal[F](c.name+"residual", c.b*c.t*c.d)
			e, dx := kerneltest.Poisoned[F](len(de)), kerneltest.Poisoned[F](len(x))
			k := NewGated[F](c.b, c.t, c.d)
			carry := NewGatedCarry[F](c.b, c.d)
			for range 2 {
				for i := range carry.last {
					carry.last[i] = F(c.start)
				}
				k.Forward(e, x, residual, carry)
				k.Backward(dx, x, de, nil)
			}
			wantE, wantDx := make([]float64, len(e)), make([]float64, len(dx))
			for b := range c.b {
				for i := range c.d {
					n := NaiveGated{E0: c.start}
					var g []float64
					for t := range c.t {
						n.C, n.L = append(n.C, float64(x[((b*c.t+t)*2)*c.d+i])), append(n.L, float64(x[((b*c.t+t)*2+1)*c.d+i]))
						g = append(g, float64(de[(b*c.t+t)*c.d+i]))
					}
					dc, dl := n.Backward(g)
					for t, v := range n.Forward() {
						wantE[(b*c.t+t)*c.d+i] = v + float64(residual[(b*c.t+t)*c.d+i])
						wantDx[((b*c.t+t)*2)*c.d+i], wantDx[((b*c.t+t)*2+1)*c.d+i] = dc[t], dl[t]
					}
					if last := float64(carry.last[b*c.d+i]); last != float64(k.e[(b*c.t+c.t-1)*c.d+i]) {
						t.Errorf("the carry has %v, want the last e", last)
					}
				}
			}
			kerneltest.Near(t, "y", e, wantE, kerneltest.Tolerance[F](1e-5, 1e-13))
			kerneltest.Near(t, "dx", dx, wantDx, kerneltest.Tolerance[F](1e-4, 1e-11))
		})
	}
}

// TestGatedThreads: the same bits on any number of threads, and no allocation.
func TestGatedThreads(t *testing.T) {
	const b, steps, d = 3, 50, 200
	x, de := kerneltest.Normal[float32]("x", b*steps*2*d), kerneltest.Normal[float32]("de", b*steps*d)
	var wantE, wantDx []float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		k := NewGated[float32](b, steps, d)
		e, dx := kerneltest.Poisoned[float32](len(de)), kerneltest.Poisoned[float32](len(x))
		step := func() {
			k.Forward(e, x, nil, nil)
			k.Backward(dx, x, de, nil)
		}
		step()
		if wantE == nil {
			wantE, wantDx = e, dx
		}
		kerneltest.Identical(t, "e", e, wantE)
		kerneltest.Identical(t, "dx", dx, wantDx)
		if n := testing.AllocsPerRun(5, step); n > 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// TestGatedStreams: a sequence cut anywhere and carried on has the bits of the whole.
func TestGatedStreams(t *testing.T) {
	const steps, d = 30, 5
	x, whole := kerneltest.Normal[float32]("streams", steps*2*d), make([]float32, steps*d)
	NewGated[float32](1, steps, d).Forward(whole, x, nil, nil)
	for cut := 1; cut < steps; cut++ {
		carry, e := NewGatedCarry[float32](1, d), kerneltest.Poisoned[float32](steps*d)
		NewGated[float32](1, cut, d).Forward(e[:cut*d], x, nil, carry)
		NewGated[float32](1, steps-cut, d).Forward(e[cut*d:], x[cut*2*d:], nil, carry)
		kerneltest.Identical(t, fmt.Sprint("e, cut at ", cut), e, whole)
	}
}

// TestGatedMillionSteps: 10^6 steps of float32 stay at the fixed point x = b/(1-a), where prefix sums of
// logarithms would be several percent off.
func TestGatedMillionSteps(t *testing.T) {
	const steps, d = 1000, 2
	x, e := make([]float32, steps*2*d), make([]float32, steps*d)
	for i := range x {
		x[i] = 7 // a = sigmoid(7), b = e^7
	}
	k, carry := NewGated[float32](1, steps, d), NewGatedCarry[float32](1, d)
	for range 1000 {
		k.Forward(e, x, nil, carry)
	}
	want := 7 - math.Log(1/(1+math.Exp(7)))
	kerneltest.Near(t, "e", e[len(e)-d:], []float64{want, want}, 1e-4) // a rounding of e is amplified by 1/(1-a) = 1100
}

// TestGatedSpreadsNaN: a NaN makes its channel NaN from its step on, and the gradients up to a NaN cotangent.
func TestGatedSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testGatedSpreadsNaN[float32], testGatedSpreadsNaN[float64])
}

func testGatedSpreadsNaN[F simd.Float](t *testing.T) {
	const steps, width = 6, 3
	x, dy := kerneltest.Normal[F]("x", steps*2*width), kerneltest.Normal[F]("dy", steps*width)
	k, y, dx := NewGated[F](1, steps, width), make([]F, len(dy)), make([]F, len(x))
	kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "dy": dy}, func() map[string][]F {
		k.Forward(y, x, nil, nil)
		k.Backward(dx, x, dy, nil)
		return map[string][]F{"y": y, "dx": dx}
	}, func(out string, o int, in string, i int) bool {
		switch out + " " + in {
		case "y x":
			return i%width == o%width && i/(2*width) <= o/width
		case "dx x":
			return i%width == o%width && i/(2*width) <= o/(2*width)
		case "dx dy":
			return i%width == o%width && i/width >= o/(2*width)
		}
		return false
	})
}
