package recurrence

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// problem is one recurrence; its numbers follow from its name.
type problem struct {
	name       string
	b, t, n, d int
	scaleA     float64 // of a random A whose spectral radius is about 1
	scaleU     float64
	zeroDz     int // dz is kept at every zeroDz-th step only; 0: everywhere
	diagonal   bool
	resets     bool // documents begin at about every fifth step
	hugeX0     bool // x_0 is 1e30 times as large
	huge       int  // u of every huge-th step is 1e30 times as large; 0: of none
	isolated   bool // A is diagonal, and the direction that grows most has no part in any state or adjoint
}

func (c problem) naive() Naive {
	r := Naive{B: c.b, T: c.t, N: c.n, D: c.d,
		U: kerneltest.Normal[float64](c.name+"u", c.b*c.t*c.n*c.d), A: kerneltest.Normal[float64](c.name+"a", c.d*c.d), X0: kerneltest.Normal[float64](c.name+"x", c.n*c.d)}
	if c.resets {
		r.Reset = resets(c.b * c.t)
	}
	for i := range r.U {
		if r.U[i] *= c.scaleU; c.huge > 0 && i/(c.n*c.d)%c.huge == c.huge-1 {
			r.U[i] *= 1e30
		}
	}
	for i := range r.X0 {
		if c.hugeX0 {
			r.X0[i] *= 1e30
		}
	}
	for i := range r.A {
		if r.A[i] *= c.scaleA / math.Sqrt(float64(c.d)); c.diagonal && i%(c.d+1) != 0 {
			r.A[i] = 0
		}
	}
	if c.isolated {
		clear(r.A)
		for i := range c.d {
			r.A[i*(c.d+1)] = math.Ldexp(1, 2-3*i)
		}
		for i := 0; i < len(r.U); i += c.d {
			r.U[i] = 0
		}
		for i := 0; i < len(r.X0); i += c.d {
			r.X0[i] = 0
		}
	}
	// rounded to float32, so that kernels of both types see the same numbers
	for _, s := range [][]float64{r.U, r.A, r.X0} {
		for i := range s {
			s[i] = float64(float32(s[i]))
		}
	}
	return r
}

func (c problem) dz() []float64 {
	dz := kerneltest.Normal[float64](c.name+"dz", c.b*c.t*c.n*c.d)
	for i := range dz {
		dz[i] = float64(float32(dz[i]))
		if step := i / (c.n * c.d) % c.t; c.zeroDz > 0 && (step+1)%c.zeroDz != 0 || c.isolated && i%c.d == 0 {
			dz[i] = 0
		}
	}
	return dz
}

var cases = []problem{
	{name: "usual", b: 2, t: 20, n: 3, d: 5, scaleA: 1, scaleU: 1},
	{name: "one step", b: 1, t: 1, n: 1, d: 1, scaleA: 1, scaleU: 1},
	{name: "two steps", b: 3, t: 2, n: 2, d: 4, scaleA: 1, scaleU: 1},
	{name: "over a block", b: 2, t: 2*timeBlock + 1, n: 2, d: 3, scaleA: 0.9, scaleU: 1},
	{name: "less one", b: 5, t: 63, n: 1, d: 16, scaleA: 1, scaleU: 1},
	{name: "grows", b: 2, t: 300, n: 2, d: 3, scaleA: 30, scaleU: 1},
	{name: "shrinks", b: 2, t: 300, n: 2, d: 3, scaleA: 0.03, scaleU: 0},
	{name: "shrinks under small input", b: 1, t: 100, n: 2, d: 3, scaleA: 0.1, scaleU: 1e-20},
	{name: "huge A", b: 1, t: 40, n: 2, d: 3, scaleA: 1e30, scaleU: 1},
	{name: "tiny A", b: 1, t: 40, n: 2, d: 3, scaleA: 1e-30, scaleU: 0},
	{name: "huge u", b: 1, t: 30, n: 2, d: 4, scaleA: 1, scaleU: 1e30},
	{name: "one loss", b: 2, t: 130, n: 2, d: 3, scaleA: 3, scaleU: 1, zeroDz: 130},
	{name: "diagonal", b: 1, t: 30, n: 2, d: 3, scaleA: 5, scaleU: 1, diagonal: true},
	{name: "documents", b: 3, t: 23, n: 2, d: 3, scaleA: 1, scaleU: 1, resets: true},
	{name: "documents over a block", b: 5, t: 2*timeBlock + 1, n: 2, d: 3, scaleA: 3, scaleU: 1, resets: true},
	{name: "documents, huge A", b: 1, t: 40, n: 2, d: 3, scaleA: 1e30, scaleU: 1, resets: true},
	{name: "documents, some huge", b: 2, t: 40, n: 2, d: 3, scaleA: 1, scaleU: 1, resets: true, huge: 17},
	{name: "documents from a huge x_0", b: 2, t: 40, n: 2, d: 3, scaleA: 0.01, scaleU: 1, resets: true, hugeX0: true},
	{name: "documents that shrink", b: 1, t: 40, n: 2, d: 3, scaleA: 0.03, scaleU: 0, resets: true},
	{name: "nothing", b: 1, t: 5, n: 2, d: 3, scaleA: 0, scaleU: 0},
}

// TestEqualsNaive compares with arithmetic of 200 bits.
func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, dz := c.naive(), c.dz()
			wantZ := r.Forward()
			wantU, wantA, wantX := r.Backward(dz)
			k := New[F](c.b, c.t, c.n, c.d)
			z, du := kerneltest.Poisoned[F](len(dz)), kerneltest.Poisoned[F](len(dz))
			dA, dx0 := kerneltest.Poisoned[F](c.d*c.d), kerneltest.Poisoned[F](c.n*c.d)
			for range 2 { // a second run finds used buffers
				k.Forward(z, kerneltest.Narrow[F](r.U), kerneltest.Narrow[F](r.A), kerneltest.Narrow[F](r.X0), r.Reset, nil)
				k.Backward(du, dA, dx0, z, kerneltest.Narrow[F](dz), nil)
			}
			// an ill-conditioned direction costs digits over 300 steps, so float32 has 1e-3
			kerneltest.Near(t, "z", z, wantZ, kerneltest.Tolerance[F](1e-3, 1e-11))
			nearSaturated(t, "du", du, wantU, kerneltest.Tolerance[F](2e-3, 1e-10))
			nearSaturated(t, "dA", dA, wantA, kerneltest.Tolerance[F](2e-3, 1e-10))
			nearSaturated(t, "dx0", dx0, wantX, kerneltest.Tolerance[F](2e-3, 1e-10))
		})
	}
}

// TestNaiveGradient compares the gradients of the definition with finite differences, the factors being
// held.
func TestNaiveGradient(t *testing.T) {
	r, dz := cases[0].naive(), cases[0].dz()
	du, dA, dx0 := r.Backward(dz)
	factors := r.factors()
	loss := func() float64 { return kerneltest.Dot(r.read(factors), dz) }
	gradcheck.Check(t, "u", loss, r.U, du, gradcheck.Options{Elements: 40})
	gradcheck.Check(t, "A", loss, r.A, dA, gradcheck.Options{})
	gradcheck.Check(t, "x0", loss, r.X0, dx0, gradcheck.Options{})
}

// nearSaturated is near for gradients of which some may have no float: those must be finite, of the
// right sign, and at least a thousandth of the limit (dA sums products of what was limited).
func nearSaturated[F simd.Float](t *testing.T, name string, got []F, want []float64, tolerance float64) {
	t.Helper()
	limit := saturation[F]()
	var g, w []float64
	for i, v := range want {
		if x := float64(got[i]); math.Abs(v) < limit {
			g, w = append(g, x), append(w, v)
		} else if math.IsInf(x, 0) || !(x*math.Copysign(1, v) >= limit/1000) {
			t.Fatalf("%s[%d] = %v, want a large finite number for %v", name, i, x, v)
		}
	}
	kerneltest.Near(t, name, g, w, tolerance)
}

// TestThreads: the same bits on any number of threads, for the sizes at which products of few
// and of many rows go different ways.
func TestThreads(t *testing.T) {
	kerneltest.Both(t, testThreads[float32], testThreads[float64])
}

func testThreads[F simd.Float](t *testing.T) {
	for _, size := range [][4]int{{2, 5, 1, 32}, {8, 3, 2, 300}, {7, 70, 3, 9}, {3, 4, 13, 64}, {9, 5, 1, 33}} {
		c := problem{name: "threads", b: size[0], t: size[1], n: size[2], d: size[3], scaleA: 1.2, scaleU: 1}
		r, dz := c.naive(), kerneltest.Narrow[F](c.dz())
		var want [4][]F
		kerneltest.OnThreads(t, func(t *testing.T) {
			k := New[F](c.b, c.t, c.n, c.d)
			got := [4][]F{kerneltest.Poisoned[F](len(dz)), kerneltest.Poisoned[F](len(dz)), kerneltest.Poisoned[F](c.d * c.d), kerneltest.Poisoned[F](c.n * c.d)}
			k.Forward(got[0], kerneltest.Narrow[F](r.U), kerneltest.Narrow[F](r.A), kerneltest.Narrow[F](r.X0), r.Reset, nil)
			k.Backward(got[1], got[2], got[3], got[0], dz, nil)
			if want[0] == nil {
				want = got
			}
			for i, name := range []string{"z", "du", "dA", "dx0"} {
				kerneltest.Identical(t, fmt.Sprint(size, " ", name), got[i], want[i])
			}
		})
	}
}

// TestStreams: a sequence cut anywhere and carried on equals the whole.
func TestStreams(t *testing.T) {
	for _, documents := range []bool{false, true} {
		t.Run(fmt.Sprint("documents ", documents), func(t *testing.T) {
			testStreams(t, problem{name: "streams", b: 2, t: 40, n: 2, d: 4, scaleA: 20, scaleU: 1, resets: documents})
		})
	}
}

func testStreams(t *testing.T, c problem) {
	r := c.naive()
	whole := make([]float64, len(r.U))
	New[float64](c.b, c.t, c.n, c.d).Forward(whole, r.U, r.A, r.X0, r.Reset, nil)
	for cut := 1; cut < c.t; cut++ {
		carry := NewCarry[float64](c.b, c.n, c.d)
		for _, part := range [][2]int{{0, cut}, {cut, c.t}} {
			steps := part[1] - part[0]
			var u, want []float64
			var reset []int32
			for b := range c.b {
				if c.resets {
					reset = append(reset, r.Reset[b*c.t+part[0]:b*c.t+part[1]]...)
				}
				lo, hi := (b*c.t+part[0])*c.n*c.d, (b*c.t+part[1])*c.n*c.d
				u, want = append(u, r.U[lo:hi]...), append(want, whole[lo:hi]...)
			}
			z := kerneltest.Poisoned[float64](len(u))
			k := New[float64](c.b, steps, c.n, c.d)
			k.Forward(z, u, r.A, r.X0, reset, carry)
			kerneltest.Identical(t, fmt.Sprintf("cut at %d: z", cut), z, want)
			du, dA, dx0 := kerneltest.Poisoned[float64](len(u)), kerneltest.Poisoned[float64](c.d*c.d), kerneltest.Poisoned[float64](c.n*c.d)
			k.Backward(du, dA, dx0, z, z, nil)
			if part[0] > 0 && !c.resets {
				kerneltest.Near(t, "dx0 after a carry", dx0, make([]float64, c.n*c.d), 0)
			}
		}
	}
}

// TestLeavesTheFloatRange: A scaled by 3 and by 0.3 over 4096 steps, whose states end near
// 10^1954 and 10^-2141, and far beyond with 10^25 a step: 10^100000.
func TestLeavesTheFloatRange(t *testing.T) {
	for _, c := range []struct{ scale, input float64 }{{3, 1}, {0.3, 1}, {0.3, 0}, {1e25, 1}, {1e-25, 0}} {
		t.Run(fmt.Sprint(c.scale, " ", c.input), func(t *testing.T) {
			const b, steps, n, d = 2, 4096, 2, 4
			a := make([]float32, d*d) // a rotation in two planes, so that powers keep their direction
			for i := 0; i < d; i += 2 {
				sin, cos := math.Sincos(0.1 + float64(i))
				a[i*d+i], a[i*d+i+1] = float32(c.scale*cos), float32(-c.scale*sin)
				a[(i+1)*d+i], a[(i+1)*d+i+1] = float32(c.scale*sin), float32(c.scale*cos)
			}
			u := kerneltest.Normal[float32]("range", b*steps*n*d)
			for i := range u {
				u[i] *= float32(c.input)
			}
			k := New[float32](b, steps, n, d)
			z, du := kerneltest.Poisoned[float32](len(u)), kerneltest.Poisoned[float32](len(u))
			dA, dx0 := kerneltest.Poisoned[float32](d*d), kerneltest.Poisoned[float32](n*d)
			k.Forward(z, u, a, kerneltest.Normal[float32]("x0", n*d), nil, nil)
			k.Backward(du, dA, dx0, z, kerneltest.Normal[float32]("dz", len(u)), nil)
			last := k.exponent[len(k.exponent)-1]
			if want := steps * math.Log2(c.scale); c.input == 0 || c.scale > 1 {
				if math.Abs(float64(last)-want) > 60 {
					t.Errorf("the last state has exponent %d, want about %.0f", last, want)
				}
			}
			for name, x := range map[string][]float32{"z": z, "du": du, "dA": dA, "dx0": dx0} {
				for i, v := range x {
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Fatalf("%s[%d] = %v", name, i, v)
					}
				}
			}
			for i, v := range z {
				if math.Abs(float64(v)) > readout*1.000001 {
					t.Fatalf("z[%d] = %v, want at most e^2", i, v)
				}
			}
		})
	}
}

// TestShowsNaN: what is not finite in the input is not finite in the output.
func TestShowsNaN(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		u := kerneltest.Normal[float32]("nan", 4*2*3)
		u[7] = bad
		k := New[float32](1, 4, 2, 3)
		z := make([]float32, len(u))
		k.Forward(z, u, kerneltest.Normal[float32]("a", 9), kerneltest.Normal[float32]("x", 6), nil, nil)
		if v := float64(z[7]); !math.IsNaN(v) {
			t.Errorf("u[7] = %v gives z[7] = %v, want NaN", bad, v)
		}
	}
}

// TestSpreadsNaN: what depends on a NaN is NaN, also where rows need exponents.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	const batch, steps, rows, width = 2, 70, 2, 3
	n := batch * steps * rows * width
	for _, scale := range []F{1, 1e-20, 1e15} {
		a, u, x0, dz := kerneltest.Normal[F]("a", width*width), kerneltest.Normal[F]("u", n), kerneltest.Normal[F]("x0", rows*width), kerneltest.Normal[F]("dz", n)
		for i := range a {
			a[i] *= scale
		}
		k, z, du, dA, dx0 := New[F](batch, steps, rows, width), make([]F, n), make([]F, n), make([]F, len(a)), make([]F, len(x0))
		row := func(i int) int { return i / width % rows }
		step := func(i int) int { return i / (width * rows) % steps }
		same := func(i, o int) bool { return i/(width*rows*steps) == o/(width*rows*steps) && row(i) == row(o) }
		kerneltest.SpreadsNaN(t, map[string][]F{"a": a, "u": u, "x0": x0, "dz": dz}, func() map[string][]F {
			k.Forward(z, u, a, x0, nil, nil)
			k.Backward(du, dA, dx0, z, dz, nil)
			return map[string][]F{"z": z, "du": du, "dA": dA, "dx0": dx0}
		}, func(out string, o int, in string, i int) bool {
			switch out + " " + in {
			case "z a", "dA a", "dA u", "dA x0":
				return true
			case "z x0":
				return i/width == row(o)
			case "z u":
				return same(i, o) && step(i) <= step(o)
			case "du u":
				return same(i, o) && step(o) >= step(i)
			case "du dz":
				return same(i, o) && (step(o) < step(i) || o == i)
			}
			return false
		})
	}
}

// TestAllocatesNothing: neither in training nor streaming.
func TestAllocatesNothing(t *testing.T) {
	const b, steps, n, d = 3, 70, 2, 5
	k, carry := New[float32](b, steps, n, d), NewCarry[float32](b, n, d)
	u, z, du := kerneltest.Normal[float32]("u", b*steps*n*d), make([]float32, b*steps*n*d), make([]float32, b*steps*n*d)
	a, x0 := kerneltest.Normal[float32]("a", d*d), kerneltest.Normal[float32]("x", n*d)
	dA, dx0 := make([]float32, d*d), make([]float32, n*d)
	kerneltest.AllocatesNothing(t, "a training step", func() {
		k.Forward(z, u, a, x0, nil, nil)
		k.Backward(du, dA, dx0, z, u, nil)
	})
	kerneltest.AllocatesNothing(t, "a stretch", func() { k.Forward(z, u, a, x0, nil, carry) })
}
