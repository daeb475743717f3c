package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// The truth is the definition in float64. Beyond the columns of a row nothing is written.
func TestConv(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkConvs[float32](t)
		checkConvs[float64](t)
	})
}

func checkConvs[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 71))
	for _, taps := range []int{1, 2, 4, 5} {
		for _, rows := range []int{1, 2, 7} {
			for _, n := range rowLengths {
				s := ConvShape{Rows: rows, Taps: taps, StrideDst: n + 3, StrideDY: n + 1, StrideSrc: n + 2, StrideW: n + 5}
				src, w := simdtest.Normals[F](r, (rows+taps-1)*s.StrideSrc), simdtest.Normals[F](r, taps*s.StrideW)
				bias, dy := simdtest.Normals[F](r, n), simdtest.Normals[F](r, rows*s.StrideDY)
				want, wantSiLU, wantSlope := make([]float64, rows*s.StrideDst), make([]float64, rows*s.StrideDst), make([]float64, rows*s.StrideDst)
				products, start := simdtest.Normals[F](r, n), make([]float64, n)
				copy(start, simdtest.Widen(products))
				weights := simdtest.Normals[F](r, taps*s.StrideW)
				wantWeights := simdtest.Widen(weights)
				for k := range rows {
					for j := range n {
						sum := float64(bias[j])
						for i := range taps {
							x := float64(src[(k+i)*s.StrideSrc+j])
							sum += float64(w[i*s.StrideW+j]) * x
							wantWeights[i*s.StrideW+j] += float64(dy[k*s.StrideDY+j]) * x
						}
						sigmoid := 1 / (1 + math.Exp(-sum))
						at := k*s.StrideDst + j
						want[at], wantSiLU[at] = sum, sum*sigmoid
						wantSlope[at] = float64(dy[k*s.StrideDY+j]) * (sigmoid + sum*sigmoid*(1-sigmoid))
						start[j] += float64(dy[k*s.StrideDY+j]) * float64(src[k*s.StrideSrc+j])
					}
				}
				name := fmt.Sprintf("%d taps, %d rows of %d", taps, rows, n)
				dst := make([]F, rows*s.StrideDst)
				Conv(dst, src, w, bias, s)
				within(t, "Conv, "+name, dst, want, tolerance[F]())
				ConvSiLU(dst, src, w, bias, s)
				within(t, "ConvSiLU, "+name, dst, wantSiLU, tolerance[F]())
				ConvSiLUBackward(dst, dy, src, w, bias, s)
				within(t, "ConvSiLUBackward, "+name, dst, wantSlope, tolerance[F]())
				ConvWeights(weights, dy, src, n, s)
				within(t, "ConvWeights, "+name, weights, wantWeights, tolerance[F]())
				AddProducts(products, dy, src, rows, s.StrideDY, s.StrideSrc)
				within(t, "AddProducts, "+name, products, start, tolerance[F]())
			}
		}
	}
	Conv[F](nil, nil, nil, nil, ConvShape{Taps: 1})
	ConvSiLU[F](nil, nil, nil, nil, ConvShape{Taps: 1})
	ConvSiLUBackward[F](nil, nil, nil, nil, nil, ConvShape{Taps: 1})
	ConvWeights[F](nil, nil, nil, 0, ConvShape{Taps: 1})
	AddProducts[F](nil, nil, nil, 0, 0, 0)
}

// Long columns go to the assembly in pieces.
func TestConvPieces(t *testing.T) {
	const n, rows, taps = 3, 30000, 4
	src, w, bias := simdtest.Ones((rows+taps-1)*n), simdtest.Ones(taps*n), make([]float32, n)
	dst, sums := make([]float32, rows*n), make([]float32, n)
	Conv(dst, src, w, bias, ConvShape{Rows: rows, Taps: taps, StrideDst: n, StrideSrc: n, StrideW: n})
	for i, y := range dst {
		if y != taps {
			t.Fatalf("dst[%d] = %v, want %d", i, y, taps)
		}
	}
	ConvWeights(w, dst, src, n, ConvShape{Rows: rows, Taps: taps, StrideDY: n, StrideSrc: n, StrideW: n})
	for i, v := range w {
		if v != 1+taps*rows {
			t.Fatalf("w[%d] = %v, want %d", i, v, 1+taps*rows)
		}
	}
	AddProducts(sums, src, src, rows, n, n)
	alike(t, "AddProducts", sums, []float32{rows, rows, rows})
}

func TestConvPanics(t *testing.T) {
	x := make([]float32, 12)
	s := ConvShape{Rows: 2, Taps: 2, StrideDst: 2, StrideDY: 2, StrideSrc: 2, StrideW: 2}
	testPanics(t, map[string]func(){
		"no taps":          func() { Conv(x[:4], x[:6], x[:4], x[:2], ConvShape{Rows: 1}) },
		"dst is short":     func() { Conv(x[:3], x[:6], x[:4], x[:2], s) },
		"src is short":     func() { ConvSiLU(x[:4], x[:5], x[:4], x[:2], s) },
		"w is short":       func() { ConvSiLU(x[:4], x[:6], x[:3], x[:2], s) },
		"dy is short":      func() { ConvSiLUBackward(x[:4], x[:3], x[:6], x[:4], x[:2], s) },
		"dy too short":     func() { ConvWeights(x[:4], x[:3], x[:6], 2, s) },
		"dw is short":      func() { ConvWeights(x[:3], x[:4], x[:6], 2, s) },
		"y is short":       func() { AddProducts(x[:2], x[:4], x[:3], 2, 2, 2) },
		"stride below row": func() { AddProducts(x[:2], x[:4], x[:4], 2, 2, 1) },
	})
}
