package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"goomtrain/internal/gpu"
	host "goomtrain/internal/kernels/recurrence"
)

// recurrenceCase is one recurrence. A usual matrix has a spectral radius of about 1.
type recurrenceCase struct {
	name           string
	b, t, n, d     int
	scaleA, scaleU float64
	resets, hugeX0 bool
	ill            bool // a direction that is ill-conditioned costs digits
	oneLoss        bool // dz is kept at the last step only
}

var recurrenceCases = []recurrenceCase{
	{name: "usual", b: 2, t: 20, n: 3, d: 5, scaleA: 1, scaleU: 1},
	{name: "one step", b: 1, t: 1, n: 1, d: 1, scaleA: 1, scaleU: 1},
	{name: "two steps", b: 3, t: 2, n: 2, d: 4, scaleA: 1, scaleU: 1},
	{name: "width 8", b: 1, t: 9, n: 5, d: 8, scaleA: 1, scaleU: 1},
	{name: "less one", b: 5, t: 63, n: 1, d: 16, scaleA: 1, scaleU: 1},
	{name: "width 32", b: 1, t: 7, n: 3, d: 32, scaleA: 1, scaleU: 1},
	{name: "width 33", b: 1, t: 5, n: 2, d: 33, scaleA: 1, scaleU: 1},
	{name: "width 64", b: 1, t: 4, n: 1, d: 64, scaleA: 1, scaleU: 1},
	{name: "grows", b: 2, t: 300, n: 2, d: 3, scaleA: 30, scaleU: 1, ill: true},
	{name: "shrinks", b: 2, t: 300, n: 2, d: 3, scaleA: 0.03, scaleU: 0},
	{name: "shrinks under small input", b: 1, t: 100, n: 2, d: 3, scaleA: 0.1, scaleU: 1e-20},
	{name: "huge A", b: 1, t: 40, n: 2, d: 3, scaleA: 1e30, scaleU: 1},
	{name: "tiny A", b: 1, t: 40, n: 2, d: 3, scaleA: 1e-30, scaleU: 0},
	{name: "huge u", b: 1, t: 30, n: 2, d: 4, scaleA: 1, scaleU: 1e30},
	{name: "one loss", b: 2, t: 130, n: 2, d: 3, scaleA: 3, scaleU: 1, oneLoss: true},
	{name: "documents", b: 3, t: 23, n: 2, d: 3, scaleA: 1, scaleU: 1, resets: true},
	{name: "documents, huge A", b: 1, t: 40, n: 2, d: 3, scaleA: 1e30, scaleU: 1, resets: true},
	{name: "documents from a huge x_0", b: 2, t: 40, n: 2, d: 3, scaleA: 0.01, scaleU: 1, resets: true, hugeX0: true},
	{name: "documents that shrink", b: 1, t: 40, n: 2, d: 3, scaleA: 0.03, scaleU: 0, resets: true},
	{name: "nothing", b: 1, t: 5, n: 2, d: 3, scaleA: 0, scaleU: 0},
}

// TestRecurrence compares with arithmetic of 200 bits.
func TestRecurrence(t *testing.T) {
	for i, c := range recurrenceCases {
		t.Run(c.name, func(t *testing.T) {
			scaled := func(seed uint64, n int, scale float64) []float32 {
				x := normal(seed+10*uint64(i), n)
				for i := range x {
					x[i] = float32(float64(x[i]) * scale)
				}
				return x
			}
			size, x0Scale := c.b*c.t*c.n*c.d, 1.0
			if c.hugeX0 {
				x0Scale = 1e30
			}
			u, a := scaled(1, size, c.scaleU), scaled(2, c.d*c.d, c.scaleA/math.Sqrt(float64(c.d)))
			x0, dz := scaled(3, c.n*c.d, x0Scale), scaled(4, size, 1)
			if c.oneLoss {
				for i := range dz {
					if i/(c.n*c.d)%c.t != c.t-1 {
						dz[i] = 0
					}
				}
			}
			naive := host.Naive{B: c.b, T: c.t, N: c.n, D: c.d, U: wide(u), A: wide(a), X0: wide(x0)}
			var reset []int32
			if c.resets {
				r := rand.New(rand.NewPCG(5, uint64(i)))
				reset = make([]int32, c.b*c.t)
				for i := range reset {
					if r.IntN(5) == 0 {
						reset[i] = 1
					}
				}
				naive.Reset = reset
			}
			wantZ := naive.Forward()
			wantU, wantA, wantX := naive.Backward(wide(dz))

			b := newBench(t)
			k := NewRecurrence(b.Scope, c.b, c.t, c.n, c.d)
			z, du, da, dx0 := room(b, size), room(b, size), room(b, c.d*c.d), room(b, c.n*c.d)
			resets := gpu.Ptr(0)
			if c.resets {
				resets = put(b, reset)
			}
			k.Forward(z, put(b, u), put(b, a), put(b, x0), resets)
			k.Backward(du, da, dx0, z, put(b, dz))
			tolerance := 2e-6
			if c.ill {
				tolerance = 1e-3
			}
			near(t, "z", get[float32](b, z, size), wantZ, tolerance)
			nearLimited(t, "du", get[float32](b, du, size), wantU, 2*tolerance)
			nearLimited(t, "dA", get[float32](b, da, c.d*c.d), wantA, 2*tolerance)
			nearLimited(t, "dx0", get[float32](b, dx0, c.n*c.d), wantX, 2*tolerance)
		})
	}
}

// nearLimited is near for gradients of which some may have no float: those must be finite, of the right sign, and at least a
// thousandth of the limit.
func nearLimited(t *testing.T, name string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	const limit = 0x1p100
	var g []float32
	var w []float64
	for i, v := range want {
		if x := float64(got[i]); math.Abs(v) < limit {
			g, w = append(g, got[i]), append(w, v)
		} else if math.IsInf(x, 0) || !(x*math.Copysign(1, v) >= limit/1000) {
			t.Fatalf("%s[%d] = %v, want a large finite number for %v", name, i, x, v)
		}
	}
	near(t, name, g, w, tolerance)
}

// TestRecurrenceNaN: NaN in one hidden vector gives NaN in all its numbers from then on, and leaves the others as they are.
func TestRecurrenceNaN(t *testing.T) {
	const T, n, d = 6, 2, 5
	u := normal(1, T*n*d)
	run := func(u []float32) []float32 {
		b := newBench(t)
		k := NewRecurrence(b.Scope, 1, T, n, d)
		z := room(b, T*n*d)
		k.Forward(z, put(b, u), put(b, normal(2, d*d)), put(b, normal(3, n*d)), 0)
		return get[float32](b, z, T*n*d)
	}
	clean := run(u)
	bad := slices.Clone(u)
	bad[2*n*d+1] = float32(math.NaN())
	for i, v := range run(bad) {
		if step, vector := i/(n*d), i/d%n; step >= 2 && vector == 0 {
			if v == v {
				t.Fatalf("number %d is %v, want NaN", i, v)
			}
		} else if v != clean[i] {
			t.Fatalf("number %d is %v, without NaN elsewhere %v", i, v, clean[i])
		}
	}
}
