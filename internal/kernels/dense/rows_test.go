package dense

import (
	"fmt"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// sizes of rows and widths: one, primes, around the vector width and the grain of rows.
var rowSizes = [][2]int{{1, 1}, {2, 3}, {3, 8}, {63, 7}, {64, 16}, {65, 17}, {130, 33}}

func TestLinearEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testLinear[float32], testLinear[float64])
}

func testLinear[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		for variant := range 8 {
			rows, in, out := size[0], size[1], size[1]+2
			transposed, withBias, withResidual := variant&1 > 0, variant&2 > 0, variant&4 > 0
			x, w := kerneltest.Normal[F]("x", rows*in), kerneltest.Normal[F]("w", in*out)
			var bias, residual []F
			if withBias {
				bias = kerneltest.Normal[F]("b", out)
			}
			if withResidual {
				residual = kerneltest.Normal[F]("r", rows*out)
			}
			y := kerneltest.Poisoned[F](rows * out)
			NewLinear[F](rows, in, out, transposed).Forward(y, x, w, bias, residual)
			kerneltest.Near(t, fmt.Sprint(size, variant), y, LinearNaive(rows, in, out, transposed, x, w, bias, residual), kerneltest.Tolerance[F](1e-5, 1e-13))
		}
	}
}

func TestLinearGradient(t *testing.T) {
	for _, size := range rowSizes[:5] {
		for _, transposed := range []bool{false, true} {
			rows, in, out := size[0], size[1], size[1]+2
			x, w, bias, dy := kerneltest.Normal[float64]("x", rows*in), kerneltest.Normal[float64]("w", in*out), kerneltest.Normal[float64]("b", out), kerneltest.Normal[float64]("dy", rows*out)
			dx, dw, db := kerneltest.Poisoned[float64](rows*in), kerneltest.Poisoned[float64](in*out), kerneltest.Poisoned[float64](out)
			NewLinear[float64](rows, in, out, transposed).Backward(dx, dw, db, x, w, dy)
			f := func() float64 { return kerneltest.Dot(LinearNaive(rows, in, out, transposed, x, w, bias, nil), dy) }
			gradcheck.Check(t, "x", f, x, dx, gradcheck.Options{})
			gradcheck.Check(t, "w", f, w, dw, gradcheck.Options{})
			gradcheck.Check(t, "bias", f, bias, db, gradcheck.Options{})
		}
	}
}

func TestLayerNormEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testLayerNorm[float32], testLayerNorm[float64])
}

func testLayerNorm[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		rows, width := size[0], size[1]
		x, w, b := kerneltest.Normal[F]("x", rows*width), kerneltest.Normal[F]("w", width), kerneltest.Normal[F]("b", width)
		for _, offset := range []F{0, 100} { // a mean far from zero costs digits: the variance must not be E[x^2]-E[x]^2
			for i := range x {
				x[i] += offset
			}
			y := kerneltest.Poisoned[F](rows * width)
			NewLayerNorm[F](rows, width).Forward(y, x, w, b)
			kerneltest.Near(t, fmt.Sprint(size), y, LayerNormNaive(rows, width, x, w, b), kerneltest.Tolerance[F](2e-4, 1e-11))
		}
	}
}

func TestLayerNormGradient(t *testing.T) {
	for _, size := range rowSizes[1:] {
		rows, width := size[0], size[1]
		x, w, b, dy := kerneltest.Normal[float64]("x", rows*width), kerneltest.Normal[float64]("w", width), kerneltest.Normal[float64]("b", width), kerneltest.Normal[float64]("dy", rows*width)
		k := NewLayerNorm[float64](rows, width)
		k.Forward(kerneltest.Poisoned[float64](rows*width), x, w, b)
		dx, dw, db := kerneltest.Poisoned[float64](rows*width), kerneltest.Poisoned[float64](width), kerneltest.Poisoned[float64](width)
		k.Backward(dx, dw, db, x, w, dy)
		f := func() float64 { return kerneltest.Dot(LayerNormNaive(rows, width, x, w, b), dy) }
		gradcheck.Check(t, "weight", f, w, dw, gradcheck.Options{})
		gradcheck.Check(t, "bias", f, b, db, gradcheck.Options{})
		if rows <= 3 { // every element of x costs several passes
			gradcheck.Check(t, "x", f, x, dx, gradcheck.Options{})
		}
	}
}

func TestGLUEqualsNaive(t *testing.T) { kerneltest.Both(t, testGLU[float32], testGLU[float64]) }

func testGLU[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		rows, width := size[0], size[1]
		x := kerneltest.Normal[F]("x", rows*2*width)
		for i := range x {
			x[i] *= 5
		}
		y := kerneltest.Poisoned[F](rows * width)
		NewGLU[F](rows, width).Forward(y, x)
		kerneltest.Near(t, fmt.Sprint(size), y, GLUNaive(rows, width, x), kerneltest.Tolerance[F](1e-6, 1e-14))
	}
}

func TestGLUGradient(t *testing.T) {
	for _, size := range rowSizes[:5] {
		rows, width := size[0], size[1]
		x, dy := kerneltest.Normal[float64]("x", rows*2*width), kerneltest.Normal[float64]("dy", rows*width)
		dx := kerneltest.Poisoned[float64](len(x))
		NewGLU[float64](rows, width).Backward(dx, x, dy)
		gradcheck.Check(t, "x", func() float64 { return kerneltest.Dot(GLUNaive(rows, width, x), dy) }, x, dx, gradcheck.Options{})
	}
}

// TestEmbedding: the gradient is the sum over equal tokens, here of integers, so exact in any order.
func TestEmbedding(t *testing.T) {
	const rows, vocab, width = 200, 7, 70
	tokens := make([]int32, rows)
	dy, w := make([]float32, rows*width), kerneltest.Normal[float32]("w", vocab*width)
	want := make([]float32, vocab*width)
	for r := range tokens {
		tokens[r] = int32(r * r % vocab)
		for i := range width {
			dy[r*width+i] = float32((r*31 + i) % 13)
			want[int(tokens[r])*width+i] += dy[r*width+i]
		}
	}
	kerneltest.OnThreads(t, func(t *testing.T) {
		k := NewEmbedding[float32](rows, vocab, width)
		y, dw := kerneltest.Poisoned[float32](rows*width), kerneltest.Poisoned[float32](vocab*width)
		k.Forward(y, tokens, w)
		for r, tok := range tokens {
			kerneltest.Identical(t, "y", y[r*width:(r+1)*width], w[int(tok)*width:int(tok+1)*width])
		}
		k.Backward(dw, tokens, dy)
		kerneltest.Identical(t, "dw", dw, want)
	})
}

func TestEmbeddingRefusesTokens(t *testing.T) {
	for _, bad := range []int32{-1, 5, 1 << 30} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("token %d of a table of 5 rows: no panic", bad)
				}
			}()
			NewEmbedding[float32](1, 5, 2).Forward(make([]float32, 2), []int32{bad}, make([]float32, 10))
		}()
	}
}
