package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestGLU(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkGLU[float32](t)
		checkGLU[float64](t)
	})
}

func checkGLU[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	for _, n := range rowLengths {
		x, dy := simdtest.Normals[F](r, 2*n), simdtest.Normals[F](r, n)
		for i := n; i < 2*n; i++ {
			x[i] *= 4
		}
		x64 := simdtest.Widen(x)
		want := make([]float64, n)
		forward := func() float64 {
			var sum float64
			for i := range n {
				want[i] = x64[i] / (1 + math.Exp(-x64[n+i]))
				sum += want[i] * float64(dy[i])
			}
			return sum
		}
		gradient := differences(x64, forward)
		forward()
		y, dx := make([]F, n), make([]F, 2*n)
		GLU(y, x)
		within(t, "GLU", y, want, tolerance[F]())
		GLUBackward(dx, dy, x)
		within(t, "GLUBackward", dx, gradient, max(1e-8, tolerance[F]()))
		GLUBackward(x, dy, x)
		within(t, "in place", x, simdtest.Widen(dx), 0)
	}
}

// Many rows at once have the bits of rows one by one, and nothing else is written.
func TestGLURows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkGLURows[float32](t)
		checkGLURows[float64](t)
	})
}

func checkGLURows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 6))
	for _, shape := range [][2]int{{1, 1}, {3, 7}, {5, 8}, {4, 31}, {2, 64}, {3, 1<<16 + 3}, {700, 100}} {
		rows, d := shape[0], shape[1]
		x, dy := simdtest.Normals[F](r, 2*rows*d), simdtest.Normals[F](r, rows*d)
		y, want := make([]F, rows*d+1), make([]F, rows*d+1)
		dx, wantX := make([]F, 2*rows*d+1), make([]F, 2*rows*d+1)
		for i := range rows {
			GLU(want[i*d:(i+1)*d], x[2*i*d:2*(i+1)*d])
			GLUBackward(wantX[2*i*d:2*(i+1)*d], dy[i*d:(i+1)*d], x[2*i*d:2*(i+1)*d])
		}
		GLURows(y[:rows*d], x, d)
		GLUBackwardRows(dx[:2*rows*d], dy, x, d)
		within(t, fmt.Sprint("GLURows ", shape), y, simdtest.Widen(want), 0)
		within(t, fmt.Sprint("GLUBackwardRows ", shape), dx, simdtest.Widen(wantX), 0)
	}
}

func TestGLUPanics(t *testing.T) {
	x := make([]float32, 10)
	testPanics(t, map[string]func(){
		"not twice as long":   func() { GLU(x[:3], make([]float32, 5)) },
		"no whole rows":       func() { GLURows(make([]float32, 6), make([]float32, 12), 4) },
		"rows of no elements": func() { GLUBackwardRows(make([]float32, 12), make([]float32, 6), make([]float32, 12), 0) },
		"dst in x":            func() { GLURows(x[:2], x[:4], 2) },
		"dx in dy":            func() { GLUBackward(x[:4], x[2:4], make([]float32, 4)) },
	})
}
