package scan

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// splitmix draws what the golden file calls generated inputs: uniform in [-1, 1).
func splitmix(seed uint64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		out[i] = float64(z>>11)*0x1p-53*2 - 1
	}
	return out
}

// The truth here: the golden file, 80-digit arithmetic beside plain float64.
func TestDiagGolden(t *testing.T) {
	r := golden.NewRecorder(t, "diag_scan")
	for _, c := range golden.Load(t, "diag_scan") {
		if c.String("kind", "") == "generated" {
			n := c.Int("n", 0)
			x := make([]float64, n)
			NewDiag[float64](1, n, 1).Forward(x, splitmix(c.Seed, n), splitmix(c.Seed+1, n), []float64{c.Float("x0", 0)})
			var got []float64
			for _, step := range c.Floats("steps_zero_based") {
				got = append(got, x[int(step)])
			}
			r.Forward(t, c, "x", got, golden.Tolerance)
			continue
		}
		a, b, x0 := c.Input("a"), c.Input("b"), c.Input("x0")
		n := a.Shape[len(a.Shape)-1]
		outer := len(a.Data) / n
		x := kerneltest.Poisoned[float64](len(a.Data))
		k := NewDiag[float64](outer, n, 1)
		k.Forward(x, a.Data, b.Data, x0.Data)
		r.Forward(t, c, "x", x, golden.Tolerance)
		if c.Has("cotangents", "x") {
			da, db, dx0 := kerneltest.Poisoned[float64](len(x)), kerneltest.Poisoned[float64](len(x)), kerneltest.Poisoned[float64](outer)
			k.Backward(da, db, dx0, a.Data, x, x0.Data, c.Cotangent("x").Data)
			r.Gradient(t, c, "a", da, golden.GradTolerance)
			r.Gradient(t, c, "b", db, golden.GradTolerance)
			r.Gradient(t, c, "x0", dx0, golden.GradTolerance)
		}
		if c.Bool("positive", false) {
			logDiagGolden(t, r, c, outer, n)
		}
	}
}

// logDiagGolden checks the log-domain form against the exact logarithms, beyond the range of floats too.
func logDiagGolden(t *testing.T, r *golden.Recorder, c golden.Case, outer, n int) {
	logs := func(name string) []float64 {
		x := c.Input(name).Data
		l := make([]float64, len(x))
		for i, v := range x {
			l[i] = math.Log(v)
		}
		return l
	}
	lx := kerneltest.Poisoned[float64](outer * n)
	NewLogDiag[float64](outer, n, 1).Forward(lx, logs("a"), logs("b"), logs("x0"))
	r.ForwardError(t, c, "exact_log", golden.MaxRelErr(lx, c.Tensor("exact", "exact_log").Data), golden.Tolerance)
}

// diagShapes covers time last and not, fours and rests of channels, and channels cut into pieces.
var diagShapes = []struct{ outer, time, inner int }{
	{1, 1, 1}, {3, 7, 1}, {4, 63, 1}, {9, 33, 1}, {1, 8*diagPiece + 3, 1}, {2, 9*diagPiece - 1, 1}, {2, 5, 3}, {1, 17, diagColumns + 5}, {0, 4, 1}, {2, 0, 2},
}

// The truth here: NaiveDiag, one channel at a time.
func TestDiagAgainstNaive(t *testing.T) {
	for _, s := range diagShapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			diagAgainstNaive[float64](t, s.outer, s.time, s.inner, 1e-11)
			diagAgainstNaive[float32](t, s.outer, s.time, s.inner, 1e-4)
		})
	}
}

func diagAgainstNaive[F simd.Float](t *testing.T, outer, time, inner int, tolerance float64) {
	n, channels := outer*time*inner, outer*inner
	a, b, x0, dx := kerneltest.Normal[F]("a", n), kerneltest.Normal[F]("b", n), kerneltest.Normal[F]("x0", channels), kerneltest.Normal[F]("dx", n)
	for i := range a {
		a[i] = F(math.Tanh(float64(a[i]))) // long products must not leave the range of floats
	}
	x, da, db, dx0 := kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](channels)
	k := NewDiag[F](outer, time, inner)
	for range 2 { // the second run must not see the first
		k.Forward(x, a, b, x0)
		k.Backward(da, db, dx0, a, x, x0, dx)
	}
	for c := range channels {
		at := func(v []F) []float64 {
			out := make([]float64, time)
			for s := range out {
				out[s] = float64(v[(c/inner*time+s)*inner+c%inner])
			}
			return out
		}
		naive := NaiveDiag{A: at(a), B: at(b), Start: float64(x0[c])}
		kerneltest.Near(t, "x", at(x), naive.Forward(), tolerance)
		if time > 1000 { // the definition's gradient takes time*time steps; its own adjoint is the oracle then
			continue
		}
		wa, wb, w0 := naive.Backward(at(dx))
		kerneltest.Near(t, "da", at(da), wa, tolerance)
		kerneltest.Near(t, "db", at(db), wb, tolerance)
		kerneltest.Near(t, "dx0", dx0[c:c+1], []float64{w0}, tolerance)
	}
}

// A channel cut into pieces has the gradients of the same channel among seven others, which is not cut.
func TestDiagPieces(t *testing.T) {
	n := 9*diagPiece + 5
	a, b, dx := kerneltest.Normal[float64]("a", n), kerneltest.Normal[float64]("b", n), kerneltest.Normal[float64]("dx", n)
	for i := range a {
		a[i] = math.Tanh(3*a[i]) * 1.01
	}
	repeat := func(v []float64) (out []float64) {
		for range 8 {
			out = append(out, v...)
		}
		return out
	}
	run := func(outer int, a, b, dx []float64) (x, da, db, dx0 []float64) {
		x, da, db, dx0 = kerneltest.Poisoned[float64](len(a)), kerneltest.Poisoned[float64](len(a)), kerneltest.Poisoned[float64](len(a)), kerneltest.Poisoned[float64](outer)
		x0 := make([]float64, outer)
		for i := range x0 {
			x0[i] = 0.5
		}
		k := NewDiag[float64](outer, n, 1)
		k.Forward(x, a, b, x0)
		k.Backward(da, db, dx0, a, x, x0, dx)
		return
	}
	x, da, db, dx0 := run(1, a, b, dx)
	wx, wda, wdb, wdx0 := run(8, repeat(a), repeat(b), repeat(dx))
	kerneltest.Near(t, "x", x, wx[:n], 1e-12)
	kerneltest.Near(t, "da", da, wda[:n], 1e-12)
	kerneltest.Near(t, "db", db, wdb[:n], 1e-12)
	kerneltest.Near(t, "dx0", dx0, wdx0[:1], 1e-9)
}

// Where products of a over a piece overflow and the state does not, the piece is walked through.
func TestDiagOverflowingProduct(t *testing.T) {
	n := 8 * diagPiece
	a, b, x := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range a {
		a[i] = 1e30
	}
	NewDiag[float32](1, n, 1).Forward(x, a, b, []float32{0})
	for i, v := range x {
		if v != 0 {
			t.Fatalf("x[%d] = %v, want 0", i, v)
		}
	}
}

// The truth here: finite differences, and Diag where numbers stay in range.
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

// Zeros (-Inf) and numbers beyond the range of floats: ln x_t = 1000 t.
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

func TestDiagThreads(t *testing.T) {
	n := 8*diagPiece + 77
	a, b := kerneltest.Normal[float32]("a", n), kerneltest.Normal[float32]("b", n)
	for i := range a {
		a[i] = float32(math.Tanh(float64(a[i])))
	}
	run := func() []float32 {
		x := kerneltest.Poisoned[float32](n)
		NewDiag[float32](1, n, 1).Forward(x, a, b, []float32{1})
		return x
	}
	defer simd.SetThreads(0)
	simd.SetThreads(1)
	want := run()
	for _, threads := range []int{2, 3, 7} {
		simd.SetThreads(threads)
		kerneltest.Identical(t, fmt.Sprint(threads, " threads"), run(), want)
	}
}
