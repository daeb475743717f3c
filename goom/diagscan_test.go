package goom

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/rng"
)

// A prefix of 1e400, and one of 1e-400, at which the float64 recurrence stays at infinity or at zero. The truth is the
// same recurrence in big.Float.
func TestDiagScanBeyondFloats(t *testing.T) {
	for _, growth := range []float64{1e100, 1e-100} {
		a, b := []float64{growth, -growth, growth, growth, 3, 1 / growth, 1 / growth, 1 / growth, 1 / growth, 0.5}, make([]float64, 10)
		b[4], b[9] = 7, 1
		y := DiagScan(FromReal(a), FromReal(b), FromReal([]float64{2}).Reshape(), 0)
		x := new(big.Float).SetPrec(200).SetInt64(2)
		for i := range a {
			x.Mul(x, new(big.Float).SetFloat64(a[i])).Add(x, new(big.Float).SetFloat64(b[i]))
			want := NumberOfBig(x)
			if got := y.At(i); math.Abs(got.Log-want.Log) > 1e-14*math.Max(1, math.Abs(want.Log)) || got.Sign != want.Sign {
				t.Errorf("growth %g: x_%d is %s, want %s", growth, i+1, got.Text(12), want.Text(12))
			}
		}
		if top := y.At(3).Log / math.Ln10; math.Abs(math.Abs(top)-400) > 1 {
			t.Errorf("the fourth state is 10^%v, want 10^±400", top)
		}
	}
}

// The truth here: AffineScan with the channels as matrices [1, 1], which goes another way.
func TestDiagScanIsAnAffineScan(t *testing.T) {
	t.Run("float32", testDiagScan[float32])
	t.Run("float64", testDiagScan[float64])
}

func testDiagScan[F Float](t *testing.T) {
	tolerance := 4e-12
	if floats.Single[F]() {
		tolerance = 2e-3 // logarithms of up to 10^4 carry 10^-3
	}
	r := rng.New(1, "diag scan")
	for _, c := range []struct {
		shape  []int
		axis   int
		start  bool
		spread float64
	}{
		{[]int{7}, 0, true, 0}, {[]int{3, 20, 4}, 1, true, 0}, {[]int{3, 20, 4}, -2, false, 300}, {[]int{2, 3, 33}, 2, true, 300}, {[]int{40, 3}, 0, false, 0},
		{[]int{0, 4}, 1, true, 0}, {[]int{3, 0}, 1, true, 0}, {[]int{1, 1}, 0, true, 0},
	} {
		t.Run(fmt.Sprint(c.shape, c.axis, c.spread), func(t *testing.T) {
			outer, steps, inner := axisOf(c.shape, c.axis)
			draw := func(n int) Tensor[F] {
				x := make([]F, n)
				for i := range x {
					x[i] = F(r.NormFloat64())
				}
				y := FromReal(x)
				for i := range x {
					y.Log[i] += F(c.spread * (2*r.Float64() - 1))
				}
				return y
			}
			a, b, x0 := draw(outer*steps*inner).Reshape(c.shape...), draw(outer*steps*inner).Reshape(c.shape...), Tensor[F]{}
			if c.start {
				x0 = draw(outer * inner)
			}
			dy := make([]F, outer*steps*inner)
			for i := range dy {
				dy[i] = F(r.NormFloat64())
			}
			for i := range a.Log {
				if i%5 == 3 {
					a.Log[i] = Floor[F]() // forget
				}
				if i%7 == 2 {
					b.Log[i] = F(math.Inf(-1))
				}
			}
			y := DiagScan(a, b, x0, c.axis)
			da, db, dx0 := DiagScanGrad(a, b, x0, dy, c.axis)

			// one channel after another
			into := func(x []F) []F {
				out := make([]F, 0, len(x))
				for ch := range outer * inner {
					for s := range steps {
						out = append(out, x[(ch/inner*steps+s)*inner+ch%inner])
					}
				}
				return out
			}
			tensor := func(x Tensor[F]) Tensor[F] {
				return Tensor[F]{Shape: []int{outer * inner, steps, 1, 1}, Log: into(x.Log), Sign: into(x.Sign)}
			}
			ta, tb, tx0 := tensor(a), tensor(b), x0
			if c.start {
				tx0 = x0.Reshape(outer*inner, 1, 1)
			}
			p, ty := NewScan[F](ta.Shape, tb.Shape, c.start, 1, Options{Grad: true}), New[F](tb.Shape...)
			p.Forward(ty, ta, tb, tx0)
			wa, wb, w0 := make([]F, len(ta.Log)), make([]F, len(tb.Log)), make([]F, len(tx0.Log))
			p.Backward(wa, wb, w0, ty, ta, tb, tx0, into(dy))
			closeTo := func(name string, got, want []F) {
				t.Helper()
				if len(got) != len(want) {
					t.Fatalf("%s has %d numbers, want %d", name, len(got), len(want))
				}
				for i := range want {
					if d := math.Abs(float64(got[i] - want[i])); !(d <= tolerance*math.Max(1, math.Abs(float64(want[i])))) {
						t.Fatalf("%s[%d] = %v, want %v", name, i, got[i], want[i])
					}
				}
			}
			closeTo("y", into(y.Log), ty.Log)
			closeTo("signs", into(y.Sign), ty.Sign)
			closeTo("da", into(da), wa)
			closeTo("db", into(db), wb)
			closeTo("dx0", dx0, w0)
			if !c.start && dx0 != nil {
				t.Errorf("a gradient of x0, which is empty")
			}
		})
	}
}

// Gradients through a prefix of e^2000 against finite differences.
func TestDiagScanGradients(t *testing.T) {
	r := rng.New(2, "diag scan")
	const steps, n = 9, 3
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		return x
	}
	a, b, x0, dy := FromReal(draw(steps*n)).Reshape(steps, n), FromReal(draw(steps*n)).Reshape(steps, n), FromReal(draw(n)), draw(steps*n)
	for i := range a.Log {
		if i/n < 4 {
			a.Log[i] += 500
		} else if i/n < 8 {
			a.Log[i] -= 500
		}
	}
	da, db, dx0 := DiagScanGrad(a, b, x0, dy, 0)
	loss := func() float64 {
		return simd.Dot(DiagScan(a, b, x0, 0).Log, dy)
	}
	opts := gradcheck.Options{Step: 1e-4, Tolerance: 1e-6}
	gradcheck.Check(t, "a", loss, a.Log, da, opts)
	gradcheck.Check(t, "b", loss, b.Log, db, opts)
	gradcheck.Check(t, "x0", loss, x0.Log, dx0, opts)
}

// A state that cancels exactly is zero and has no gradient, but what comes after it has; infinities and NaN follow the
// rules of floats.
func TestDiagScanEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	a, b := FromReal([]float64{1, 3, 5}), FromReal([]float64{-1, 1, 1})
	one := FromReal([]float64{1}).Reshape()
	if got := DiagScan(a, b, one, 0).Real(); got[0] != 0 || got[1] != 1 || math.Abs(got[2]-6) > 1e-14 {
		t.Errorf("states %v, want 0, 1, 6", got)
	}
	da, db, dx0 := DiagScanGrad(a, b, one, []float64{1, 0, 1}, 0)
	// x_3 = 5 (3 (a_1 x_0 + b_1) + b_2) + b_3: the gradients of ln x_3 times the operands
	for name, pair := range map[string][2][]float64{
		"a": {da, {15. / 6, 0, 5. / 6}}, "b": {db, {-15. / 6, 5. / 6, 1. / 6}}, "x0": {dx0, {15. / 6}},
	} {
		for i, want := range pair[1] {
			if got := pair[0][i]; math.Abs(got-want) > 1e-13*math.Max(1, math.Abs(want)) {
				t.Errorf("gradient of %s[%d] = %v, want %v", name, i, got, want)
			}
		}
	}
	for _, c := range []struct{ a, b, x0, want float64 }{
		{inf, 1, 2, inf}, {-inf, 1, 2, -inf}, {inf, 1, 0, nan}, {0, 1, inf, nan}, {1, -inf, inf, nan}, {1, inf, inf, inf}, {nan, 1, 1, nan}, {1, nan, 1, nan},
		{1, 1, nan, nan}, {0, nan, 0, nan}, {0, 0, 5, 0},
	} {
		got := DiagScan(FromReal([]float64{c.a}), FromReal([]float64{c.b}), FromReal([]float64{c.x0}).Reshape(), 0).Real()[0]
		if got != c.want && !(math.IsNaN(c.want) && math.IsNaN(got)) {
			t.Errorf("%v * %v + %v = %v, want %v", c.a, c.x0, c.b, got, c.want)
		}
	}
	for name, f := range map[string]func(){
		"shapes": func() { DiagScan(a, New[float64](4), one, 0) },
		"x0":     func() { DiagScan(a, b, New[float64](2), 0) },
		"axis":   func() { DiagScan(a, b, one, 1) },
		"dy":     func() { DiagScanGrad(a, b, one, make([]float64, 2), 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("wrong %s: no panic", name)
				}
			}()
			f()
		}()
	}
}
