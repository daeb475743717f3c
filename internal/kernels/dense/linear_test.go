package dense

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

func TestLinearEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testLinear[float32], testLinear[float64])
}

func testLinear[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		for variant := range 8 {
			rows, in, out := size[0], size[1], size[1]+2
			transposed, withBias, withResidual := variant&1 > 0, variant&2 > 0, variant&4 > 0
			x, w, dy := kerneltest.Normal[F]("x", rows*in), kerneltest.Normal[F]("w", in*out), kerneltest.Normal[F]("dy", rows*out)
			naive := NaiveLinear{Rows: rows, In: in, Out: out, Transposed: transposed, X: kerneltest.Widen(x), W: kerneltest.Widen(w)}
			var bias, residual []F
			if withBias {
				bias = kerneltest.Normal[F]("b", out)
				naive.Bias = kerneltest.Widen(bias)
			}
			if withResidual {
				residual = kerneltest.Normal[F]("r", rows*out)
				naive.Residual = kerneltest.Widen(residual)
			}
			y, dx, dw, dbias := kerneltest.Poisoned[F](rows*out), kerneltest.Poisoned[F](rows*in), kerneltest.Poisoned[F](in*out), kerneltest.Poisoned[F](out)
			k := NewLinear[F](rows, in, out, transposed)
			k.Forward(y, x, w, bias, residual)
			for range 2 { // the second finds used memory
				k.Backward(dx, dw, dbias, x, w, dy)
			}
			name, tolerance := fmt.Sprint(size, variant), kerneltest.Tolerance[F](1e-5, 1e-13)
			wantX, wantW, wantB := naive.Backward(kerneltest.Widen(dy))
			kerneltest.Near(t, name, y, naive.Forward(), tolerance)
			kerneltest.Near(t, name+" dx", dx, wantX, tolerance)
			kerneltest.Near(t, name+" dw", dw, wantW, tolerance)
			kerneltest.Near(t, name+" dbias", dbias, wantB, tolerance)
		}
	}
}

func TestLayerNormEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testLayerNorm[float32], testLayerNorm[float64])
}

func testLayerNorm[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		rows, width := size[0], size[1]
		x, w, b, dy := kerneltest.Normal[F]("x", rows*width), kerneltest.Normal[F]("w", width), kerneltest.Normal[F]("b", width), kerneltest.Normal[F]("dy", rows*width)
		for _, offset := range []F{0, 100} { // a mean far from zero costs digits: the variance must not be E[x^2]-E[x]^2
			for i := range x {
				x[i] += offset
			}
			y, dx, dw, db := kerneltest.Poisoned[F](rows*width), kerneltest.Poisoned[F](rows*width), kerneltest.Poisoned[F](width), kerneltest.Poisoned[F](width)
			k := NewLayerNorm[F](rows, width)
			k.Forward(y, x, w, b)
			for range 2 { // the second finds used memory
				k.Backward(dx, dw, db, x, w, dy)
			}
			naive := NaiveLayerNorm{rows, width, kerneltest.Widen(x), kerneltest.Widen(w), kerneltest.Widen(b)}
			wantX, wantW, wantB := naive.Backward(kerneltest.Widen(dy))
			name, tolerance := fmt.Sprint(size, " from ", offset), kerneltest.Tolerance[F](2e-4, 1e-11)
			kerneltest.Near(t, name, y, naive.Forward(), tolerance)
			kerneltest.Near(t, name+" dbias", db, wantB, tolerance)
			if width > 1 { // one number has no gradient, only rounding
				kerneltest.Near(t, name+" dx", dx, wantX, tolerance)
				kerneltest.Near(t, name+" dweight", dw, wantW, tolerance)
			}
		}
	}
}

func TestDotEqualsNaive(t *testing.T) { kerneltest.Both(t, testDot[float32], testDot[float64]) }

func testDot[F simd.Float](t *testing.T) {
	for _, size := range []int{1, 2, 63, 1000, simd.Grain, 2*simd.Grain + 3} {
		x, w := kerneltest.Normal[F]("x", size), kerneltest.Normal[F]("w", size)
		dx, dw := kerneltest.Poisoned[F](size), kerneltest.Poisoned[F](size)
		k := NewDot[F](size)
		y := k.Forward(x, w)
		k.Backward(dx, dw, x, w, 0.3)
		naive := NaiveDot{kerneltest.Widen(x), kerneltest.Widen(w)}
		wantX, wantW := naive.Backward(float64(F(0.3)))
		// the sum may cancel: relative to what a sum of that many products may be
		kerneltest.Within(t, fmt.Sprint(size), []F{y}, []float64{naive.Forward()}, kerneltest.Tolerance[F](1e-6, 1e-15)*float64(size))
		kerneltest.Near(t, fmt.Sprint(size, " dx"), dx, wantX, kerneltest.Tolerance[F](1e-7, 1e-15))
		kerneltest.Near(t, fmt.Sprint(size, " dw"), dw, wantW, kerneltest.Tolerance[F](1e-7, 1e-15))
	}
}
