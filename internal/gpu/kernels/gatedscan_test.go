package kernels

import (
	"math"
	"slices"
	"testing"

	"goomtrain/internal/kernels/scan"
)

// gatedCases have normal numbers times scaleC and scaleL.
var gatedCases = []struct {
	name           string
	b, t, d        int
	scaleC, scaleL float64
}{
	{"one step", 1, 1, 1, 1, 1},
	{"two steps", 3, 2, 5, 1, 1},
	{"less one", 1, 63, 17, 1, 1},
	{"a chunk and one", 2, 33, 3, 1, 1},
	{"over a block of threads", 2, 3, 130, 1, 1},
	{"decays of 1 and of nothing", 2, 70, 3, 60, 1},
	{"inputs out of the float range", 2, 70, 3, 1, 400},
	{"decays that underflow", 1, 70, 3, 1e30, 1},
	{"long", 1, 400, 1, 3, 3},
}

// TestGated compares with the sum of all inputs times their decays in float64.
func TestGated(t *testing.T) {
	for i, c := range gatedCases {
		t.Run(c.name, func(t *testing.T) {
			seed := uint64(10 * i)
			x, dy, residual := normal(seed, c.b*c.t*2*c.d), normal(seed+1, c.b*c.t*c.d), normal(seed+2, c.b*c.t*c.d)
			for i := range x {
				if i/c.d%2 == 0 {
					x[i] *= float32(c.scaleC)
				} else {
					x[i] *= float32(c.scaleL)
				}
			}
			wantY, wantDx := make([]float64, len(dy)), make([]float64, len(x))
			for s := range c.b * c.d {
				var n scan.NaiveGated
				var g []float64
				at := func(t int) int { return (s/c.d*c.t+t)*c.d + s%c.d }
				gate := func(t int) int { return (s/c.d*c.t+t)*2*c.d + s%c.d }
				for t := range c.t {
					n.C, n.L = append(n.C, float64(x[gate(t)])), append(n.L, float64(x[gate(t)+c.d]))
					g = append(g, float64(dy[at(t)]))
				}
				dc, dl := n.Backward(g)
				for t, e := range n.Forward() {
					wantY[at(t)] = e + float64(residual[at(t)])
					wantDx[gate(t)], wantDx[gate(t)+c.d] = dc[t], dl[t]
				}
			}
			b := newBench(t)
			k := NewGated(b.Scope, c.b, c.t, c.d)
			in, y, dx := put(b, x), room(b, len(dy)), room(b, len(x))
			k.Forward(y, in, put(b, residual))
			k.Backward(dx, in, put(b, dy))
			near(t, "y", get[float32](b, y, len(dy)), wantY, 1e-6)
			near(t, "dx", get[float32](b, dx, len(x)), wantDx, 1e-5)
		})
	}
}

// TestGatedNaN: a NaN makes its channel NaN from its step on, and the gradients up to a NaN cotangent. Inputs of zero, ln 0 =
// -Inf, are none.
func TestGatedNaN(t *testing.T) {
	const steps, d, at = 70, 2, 40
	run := func(x, dy []float32) (y, dx []float32) {
		b := newBench(t)
		k := NewGated(b.Scope, 1, steps, d)
		in, out, gradient := put(b, x), room(b, len(dy)), room(b, len(x))
		k.Forward(out, in, 0)
		k.Backward(gradient, in, put(b, dy))
		return get[float32](b, out, len(dy)), get[float32](b, gradient, len(x))
	}
	x, dy := normal(1, steps*2*d), normal(2, steps*d)
	for i := range x {
		if i/d%2 == 1 && i/(2*d)%3 != 0 {
			x[i] = float32(math.Inf(-1))
		}
	}
	clean, cleanDx := run(x, dy)
	for i := range cleanDx {
		if math.IsNaN(float64(cleanDx[i])) || math.IsNaN(float64(clean[i/2])) {
			t.Fatalf("of inputs without NaN number %d is %v, its gradient %v", i/2, clean[i/2], cleanDx[i])
		}
	}
	for half := range 2 {
		bad := slices.Clone(x)
		bad[at*2*d+half*d] = float32(math.NaN())
		y, _ := run(bad, dy)
		for i, v := range y {
			if want := i/d >= at && i%d == 0; want != (v != v) || !want && v != clean[i] {
				t.Errorf("NaN in half %d: y[%d] = %v, without %v", half, i, v, clean[i])
			}
		}
	}
	bad := slices.Clone(dy)
	bad[at*d] = float32(math.NaN())
	_, dx := run(x, bad)
	for i, v := range dx {
		if want := i/(2*d) <= at && i%d == 0; want != (v != v) || !want && v != cleanDx[i] {
			t.Errorf("NaN in dy: gradient %d is %v, without %v", i, v, cleanDx[i])
		}
	}
}

// TestGatedFixedPoint: 20,000 steps stay at x = b/(1-a), where prefix sums of logarithms would drift.
func TestGatedFixedPoint(t *testing.T) {
	const steps = 20000
	x := make([]float32, 2*steps)
	for i := range x {
		x[i] = 7 // a = sigmoid(7), b = e^7
	}
	b := newBench(t)
	y := room(b, steps)
	NewGated(b.Scope, 1, steps, 1).Forward(y, put(b, x), 0)
	want := 7 + math.Log(1+math.Exp(7))
	near(t, "y", get[float32](b, y, steps)[steps-1:], []float64{want}, 1e-4) // a rounding of e is amplified by 1/(1-a) = 1100
}
