package scan

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/golden"
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

// TestDiagGolden compares with vectors of 80-digit arithmetic and of plain float64.
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

// diagShapes has time last and not last, channels in fours and some left over, and channels cut into pieces.
var diagShapes = []struct{ outer, time, inner int }{
	{1, 1, 1}, {1, 2, 1}, {3, 7, 1}, {4, 63, 1}, {9, 33, 1}, {1, diagCut, 1}, {2, diagCut + 3, 1}, {1, 16 * diagPiece, 1}, {1, 16*diagPiece + 1, 1}, {7, 16*diagPiece + 16*diagShortest, 1}, {33, 40, 1}, {5, 600, 1}, {2, 5, 3}, {1, 17, diagColumns + 5}, {0, 4, 1}, {2, 0, 2},
}

// TestDiagEqualsNaive compares with the definition, one channel at a time.
func TestDiagEqualsNaive(t *testing.T) {
	for _, s := range diagShapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			diagEqualsNaive[float64](t, s.outer, s.time, s.inner, 1e-11)
			diagEqualsNaive[float32](t, s.outer, s.time, s.inner, 1e-4)
		})
	}
}

func diagEqualsNaive[F simd.Float](t *testing.T, outer, time, inner int, tolerance float64) {
	n, channels := outer*time*inner, outer*inner
	a, b, x0, dx := kerneltest.Normal[F]("a", n), kerneltest.Normal[F]("b", n), kerneltest.Normal[F]("x0", channels), kerneltest.Normal[F]("dx", n)
	for i := range a {
		a[i] = F(math.Tanh(float64(a[i]))) // long products must not leave the range of floats
	}
	x, da, db, dx0 := kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](channels)
	k := NewDiag[F](outer, time, inner)
	for range 2 { // the second run finds used memory
		k.Forward(x, a, b, x0)
		k.Backward(da, db, dx0, a, x, x0, dx)
	}
	for c := range channels {
		at := func(v []F) []float64 { return channel(v, time, inner, c) }
		naive := NaiveDiag{A: at(a), B: at(b), X0: float64(x0[c])}
		kerneltest.Near(t, "x", at(x), naive.Forward(), tolerance)
		if time > 1000 { // the gradient of the definition takes time*time steps; TestDiagPieces is for these
			continue
		}
		wa, wb, w0 := naive.Backward(at(dx))
		kerneltest.Near(t, "da", at(da), wa, tolerance)
		kerneltest.Near(t, "db", at(db), wb, tolerance)
		kerneltest.Near(t, "dx0", dx0[c:c+1], []float64{w0}, tolerance)
	}
}

// channel is channel c of v [outer, time, inner].
func channel[F simd.Float](v []F, time, inner, c int) []float64 {
	out := make([]float64, time)
	for t := range out {
		out[t] = float64(v[(c/inner*time+t)*inner+c%inner])
	}
	return out
}

// TestDiagPieces: a channel cut into pieces has the gradients of the same channel among seven others, which is
// not cut.
func TestDiagPieces(t *testing.T) {
	for _, n := range []int{diagCut, 16 * diagPiece, 33*diagPiece + 5} {
		diagPieces(t, n)
	}
}

func diagPieces(t *testing.T, n int) {
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

// TestDiagOverflowingProduct: where products of a over a piece overflow but the state does not, the state and the adjoint are
// right.
func TestDiagOverflowingProduct(t *testing.T) {
	n := 17 * diagPiece
	a, b, x, da, db := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range a {
		a[i] = 1e30
	}
	b[n-1] = 2
	k := NewDiag[float32](1, n, 1)
	k.Forward(x, a, b, []float32{0})
	dx := make([]float32, n)
	dx[0] = 3
	k.Backward(da, db, nil, a, x, []float32{0}, dx)
	for i := range n {
		if x[i] != b[i] || db[i] != dx[i] || da[i] != 0 {
			t.Fatalf("x[%d] = %v, db %v, da %v, want %v, %v and 0", i, x[i], db[i], da[i], b[i], dx[i])
		}
	}
}

// TestDiagSharedGradients: without db, da is the same.
func TestDiagSharedGradients(t *testing.T) {
	for _, s := range diagShapes {
		n, channels := s.outer*s.time*s.inner, s.outer*s.inner
		a, x, x0, dx := kerneltest.Normal[float32]("a", n), kerneltest.Normal[float32]("x", n), kerneltest.Normal[float32]("x0", channels), kerneltest.Normal[float32]("dx", n)
		for i := range a {
			a[i] = float32(math.Tanh(float64(a[i])))
		}
		k, alone, da, db := NewDiag[float32](s.outer, s.time, s.inner), kerneltest.Poisoned[float32](n), kerneltest.Poisoned[float32](n), kerneltest.Poisoned[float32](n)
		k.Backward(da, db, nil, a, x, x0, dx)
		k.Backward(alone, nil, nil, a, x, x0, dx)
		kerneltest.Identical(t, fmt.Sprint("da of ", s), alone, da)
	}
}

// TestDiagSpreadsNaN: a NaN makes its channel NaN from its step on, and the gradients up to a NaN cotangent.
func TestDiagSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testDiagSpreadsNaN[float32], testDiagSpreadsNaN[float64])
}

func testDiagSpreadsNaN[F simd.Float](t *testing.T) {
	for _, s := range diagShapes {
		n, channels := s.outer*s.time*s.inner, s.outer*s.inner
		a, b, x0, dx := kerneltest.Normal[F]("a", n), kerneltest.Normal[F]("b", n), kerneltest.Normal[F]("x0", channels), kerneltest.Normal[F]("dx", n)
		for i := range a {
			a[i] = F(math.Tanh(float64(a[i])))
		}
		x, da, db, dx0 := make([]F, n), make([]F, n), make([]F, n), make([]F, channels)
		k := NewDiag[F](s.outer, s.time, s.inner)
		channel := func(name string, i int) int {
			if name == "x0" || name == "dx0" {
				return i
			}
			return i/(s.time*s.inner)*s.inner + i%s.inner
		}
		step := func(i int) int { return i / s.inner % s.time }
		kerneltest.SpreadsNaN(t, map[string][]F{"a": a, "b": b, "x0": x0, "dx": dx}, func() map[string][]F {
			k.Forward(x, a, b, x0)
			k.Backward(da, db, dx0, a, x, x0, dx)
			return map[string][]F{"x": x, "da": da, "db": db, "dx0": dx0}
		}, func(out string, o int, in string, i int) bool {
			switch {
			case channel(out, o) != channel(in, i):
				return false
			case out == "x":
				return in == "x0" || in != "dx" && step(i) <= step(o)
			}
			return in == "dx" && (out == "dx0" || step(i) >= step(o))
		})
	}
}
