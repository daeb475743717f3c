package scan

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestLogDiag compares with Diag where numbers stay in range, and the gradients with finite differences.
func TestLogDiag(t *testing.T) {
	for _, s := range diagShapes {
		n, channels := s.outer*s.time*s.inner, s.outer*s.inner
		la, lb, lx0, g := kerneltest.Normal[float64]("la", n), kerneltest.Normal[float64]("lb", n), kerneltest.Normal[float64]("lx0", channels), kerneltest.Normal[float64]("g", n)
		exp := func(v []float64) []float64 {
			out := make([]float64, len(v))
			simd.Exp(out, v)
			return out
		}
		for i := range la {
			la[i] -= 1
		}
		lx, want := kerneltest.Poisoned[float64](n), kerneltest.Poisoned[float64](n)
		k := NewLogDiag[float64](s.outer, s.time, s.inner)
		k.Forward(lx, la, lb, lx0)
		NewDiag[float64](s.outer, s.time, s.inner).Forward(want, exp(la), exp(lb), exp(lx0))
		kerneltest.Near(t, fmt.Sprint("exp(lx) of ", s), exp(lx), want, 1e-11)

		dla, dlb, dlx0 := kerneltest.Poisoned[float64](n), kerneltest.Poisoned[float64](n), kerneltest.Poisoned[float64](channels)
		k.Backward(dla, dlb, dlx0, la, lb, lx, lx0, g)
		loss := func() float64 {
			k.Forward(lx, la, lb, lx0)
			return simd.Dot(lx, g)
		}
		if n == 0 {
			continue
		}
		opts := gradcheck.Options{Elements: 20}
		gradcheck.Check(t, fmt.Sprint("dla of ", s), loss, la, dla, opts)
		gradcheck.Check(t, fmt.Sprint("dlb of ", s), loss, lb, dlb, opts)
		gradcheck.Check(t, fmt.Sprint("dlx0 of ", s), loss, lx0, dlx0, opts)
	}
}

// TestLogDiagEqualsNaive compares with sums of all terms, one channel at a time.
func TestLogDiagEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testLogDiag[float32], testLogDiag[float64])
}

func testLogDiag[F simd.Float](t *testing.T) {
	for _, s := range diagShapes {
		if s.time > 500 { // the definition takes time*time steps
			continue
		}
		n, channels := s.outer*s.time*s.inner, s.outer*s.inner
		la, lb, lx0, dlx := kerneltest.Normal[F]("la", n), kerneltest.Normal[F]("lb", n), kerneltest.Normal[F]("lx0", channels), kerneltest.Normal[F]("dlx", n)
		for i := range lb {
			if i%5 == 3 {
				lb[i] = F(math.Inf(-1)) // nothing is added
			}
		}
		lx, dla, dlb, dlx0 := kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](channels)
		k := NewLogDiag[F](s.outer, s.time, s.inner)
		for range 2 {
			k.Forward(lx, la, lb, lx0)
			k.Backward(dla, dlb, dlx0, la, lb, lx, lx0, dlx)
		}
		tolerance := kerneltest.Tolerance[F](2e-5, 1e-12)
		for c := range channels {
			at := func(v []F) []float64 { return channel(v, s.time, s.inner, c) }
			naive := NaiveLogDiag{LA: at(la), LB: at(lb), LX0: float64(lx0[c])}
			wantLA, wantLB, wantX0 := naive.Backward(at(dlx))
			kerneltest.Near(t, fmt.Sprint(s, " lx"), at(lx), naive.Forward(), tolerance)
			kerneltest.Within(t, fmt.Sprint(s, " dla"), at(dla), wantLA, tolerance*10)
			kerneltest.Within(t, fmt.Sprint(s, " dlb"), at(dlb), wantLB, tolerance*10)
			if s.time > 0 {
				kerneltest.Within(t, fmt.Sprint(s, " dlx0"), dlx0[c:c+1], []float64{wantX0}, tolerance*10)
			}
		}
	}
}

// TestLogDiagRange has zeros (-Inf) and numbers beyond the range of floats: ln x_t = 1000 t.
func TestLogDiagRange(t *testing.T) {
	inf := math.Inf(-1)
	la, lb := []float64{1000, 1000, 1000, inf, 5, -3}, []float64{inf, inf, inf, inf, inf, 2}
	lx, g := make([]float64, 6), []float64{1, 1, 1, 1, 1, 1}
	dla, dlb, dlx0 := make([]float64, 6), make([]float64, 6), make([]float64, 1)
	k := NewLogDiag[float64](1, 6, 1)
	k.Forward(lx, la, lb, []float64{0})
	k.Backward(dla, dlb, dlx0, la, lb, lx, []float64{0}, g)
	want := []float64{1000, 2000, 3000, inf, inf, 2}
	for i := range want {
		if lx[i] != want[i] {
			t.Errorf("lx[%d] = %v, want %v", i, lx[i], want[i])
		}
	}
	kerneltest.Near(t, "dla", dla, []float64{3, 2, 1, 0, 0, 0}, 0)
	kerneltest.Near(t, "dlb", dlb, []float64{0, 0, 0, 0, 0, 1}, 0)
	kerneltest.Near(t, "dlx0", dlx0, []float64{3}, 0)
}

// TestLogDiagSpreadsNaN: a NaN, in whichever operand, makes its channel NaN from its step on, cut into pieces or not, and
// the gradients of the steps up to a NaN cotangent.
func TestLogDiagSpreadsNaN(t *testing.T) {
	for _, s := range diagShapes {
		n, channels := s.outer*s.time*s.inner, s.outer*s.inner
		if n == 0 {
			continue
		}
		for _, step := range []int{0, s.time / 2, s.time - 1} {
			for _, name := range []string{"la", "lb", "lx0", "dlx"} {
				x := map[string][]float64{}
				for _, operand := range []string{"la", "lb", "dlx"} {
					x[operand] = kerneltest.Normal[float64](operand, n)
				}
				x["lx0"] = kerneltest.Normal[float64]("lx0", channels)
				from := step
				if name == "lx0" {
					from = 0
				}
				x[name][from*s.inner] = math.NaN()
				lx, dla, dlb, dlx0 := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, channels)
				k := NewLogDiag[float64](s.outer, s.time, s.inner)
				k.Forward(lx, x["la"], x["lb"], x["lx0"])
				for t0 := from; t0 < s.time; t0++ {
					if v := lx[t0*s.inner]; name != "dlx" && v == v {
						t.Fatalf("%v: NaN in %s at %d gives lx[%d] = %v", s, name, from, t0, v)
					}
				}
				k.Backward(dla, dlb, dlx0, x["la"], x["lb"], lx, x["lx0"], x["dlx"])
				for t0 := max(0, step-4); t0 <= step; t0++ { // over many steps a share may come to 0
					if d := dlb[t0*s.inner]; name == "dlx" && d == d {
						t.Fatalf("%v: NaN in dlx at %d gives dlb[%d] = %v", s, step, t0, d)
					}
				}
			}
		}
	}
}
