package kernels

import (
	"fmt"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/simd"
)

// sizes of rows and widths: one, primes, around the vector width and the grain of rows.
var rowSizes = [][2]int{{1, 1}, {2, 3}, {3, 8}, {63, 7}, {64, 16}, {65, 17}, {130, 33}}

// both runs a generic test for both element types.
func both(t *testing.T, single, double func(t *testing.T)) {
	t.Run("float32", single)
	t.Run("float64", double)
}

// dot is the scalar whose gradient a backward pass gives: sum(y * dy).
func dot(y, dy []float64) float64 {
	s := 0.0
	for i := range y {
		s += y[i] * dy[i]
	}
	return s
}

func TestLinearEqualsNaive(t *testing.T) { both(t, testLinear[float32], testLinear[float64]) }

func testLinear[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		for variant := range 8 {
			rows, in, out := size[0], size[1], size[1]+2
			transposed, withBias, withResidual := variant&1 > 0, variant&2 > 0, variant&4 > 0
			x, w := normal[F]("x", rows*in), normal[F]("w", in*out)
			var bias, residual []F
			if withBias {
				bias = normal[F]("b", out)
			}
			if withResidual {
				residual = normal[F]("r", rows*out)
			}
			y := poisoned[F](rows * out)
			NewLinear[F](rows, in, out, transposed).Forward(y, x, w, bias, residual)
			near(t, fmt.Sprint(size, variant), y, LinearNaive(rows, in, out, transposed, x, w, bias, residual), tolerance[F](1e-5, 1e-13))
		}
	}
}

func TestLinearGradient(t *testing.T) {
	for _, size := range rowSizes[:5] {
		for _, transposed := range []bool{false, true} {
			rows, in, out := size[0], size[1], size[1]+2
			x, w, bias, dy := normal[float64]("x", rows*in), normal[float64]("w", in*out), normal[float64]("b", out), normal[float64]("dy", rows*out)
			dx, dw, db := poisoned[float64](rows*in), poisoned[float64](in*out), poisoned[float64](out)
			NewLinear[float64](rows, in, out, transposed).Backward(dx, dw, db, x, w, dy)
			f := func() float64 { return dot(LinearNaive(rows, in, out, transposed, x, w, bias, nil), dy) }
			gradcheck.Check(t, "x", f, x, dx, gradcheck.Options{})
			gradcheck.Check(t, "w", f, w, dw, gradcheck.Options{})
			gradcheck.Check(t, "bias", f, bias, db, gradcheck.Options{})
		}
	}
}

func TestLayerNormEqualsNaive(t *testing.T) { both(t, testLayerNorm[float32], testLayerNorm[float64]) }

func testLayerNorm[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		rows, width := size[0], size[1]
		x, w, b := normal[F]("x", rows*width), normal[F]("w", width), normal[F]("b", width)
		for _, offset := range []F{0, 100} { // a mean far from zero costs digits: the variance must not be E[x^2]-E[x]^2
			for i := range x {
				x[i] += offset
			}
			y := poisoned[F](rows * width)
			NewLayerNorm[F](rows, width).Forward(y, x, w, b)
			near(t, fmt.Sprint(size), y, LayerNormNaive(rows, width, x, w, b), tolerance[F](2e-4, 1e-11))
		}
	}
}

func TestLayerNormGradient(t *testing.T) {
	for _, size := range rowSizes[1:] {
		rows, width := size[0], size[1]
		x, w, b, dy := normal[float64]("x", rows*width), normal[float64]("w", width), normal[float64]("b", width), normal[float64]("dy", rows*width)
		k := NewLayerNorm[float64](rows, width)
		k.Forward(poisoned[float64](rows*width), x, w, b)
		dx, dw, db := poisoned[float64](rows*width), poisoned[float64](width), poisoned[float64](width)
		k.Backward(dx, dw, db, x, w, dy)
		f := func() float64 { return dot(LayerNormNaive(rows, width, x, w, b), dy) }
		gradcheck.Check(t, "weight", f, w, dw, gradcheck.Options{})
		gradcheck.Check(t, "bias", f, b, db, gradcheck.Options{})
		if rows <= 3 { // every element of x costs several passes
			gradcheck.Check(t, "x", f, x, dx, gradcheck.Options{})
		}
	}
}

func TestGLUEqualsNaive(t *testing.T) { both(t, testGLU[float32], testGLU[float64]) }

func testGLU[F simd.Float](t *testing.T) {
	for _, size := range rowSizes {
		rows, width := size[0], size[1]
		x := normal[F]("x", rows*2*width)
		for i := range x {
			x[i] *= 5
		}
		y := poisoned[F](rows * width)
		NewGLU[F](rows, width).Forward(y, x)
		near(t, fmt.Sprint(size), y, GLUNaive(rows, width, x), tolerance[F](1e-6, 1e-14))
	}
}

func TestGLUGradient(t *testing.T) {
	for _, size := range rowSizes[:5] {
		rows, width := size[0], size[1]
		x, dy := normal[float64]("x", rows*2*width), normal[float64]("dy", rows*width)
		dx := poisoned[float64](len(x))
		NewGLU[float64](rows, width).Backward(dx, x, dy)
		gradcheck.Check(t, "x", func() float64 { return dot(GLUNaive(rows, width, x), dy) }, x, dx, gradcheck.Options{})
	}
}

// TestEmbedding: the gradient is the sum over equal tokens, here of integers, so exact in any order.
func TestEmbedding(t *testing.T) {
	const rows, vocab, width = 200, 7, 70
	tokens := make([]int32, rows)
	dy, w := make([]float32, rows*width), normal[float32]("w", vocab*width)
	want := make([]float32, vocab*width)
	for r := range tokens {
		tokens[r] = int32(r * r % vocab)
		for i := range width {
			dy[r*width+i] = float32((r*31 + i) % 13)
			want[int(tokens[r])*width+i] += dy[r*width+i]
		}
	}
	onThreads(t, func(t *testing.T) {
		k := NewEmbedding[float32](rows, vocab, width)
		y, dw := poisoned[float32](rows*width), poisoned[float32](vocab*width)
		k.Forward(y, tokens, w)
		for r, tok := range tokens {
			identical(t, "y", y[r*width:(r+1)*width], w[int(tok)*width:int(tok+1)*width])
		}
		k.Backward(dw, tokens, dy)
		identical(t, "dw", dw, want)
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
