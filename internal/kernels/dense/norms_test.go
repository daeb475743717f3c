package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// normSizes are those of rowSizes and rows of heads, over the grain of rows.
var normSizes = append([][2]int{{2000, 8}, {300, 64}, {1, 63}}, rowSizes...)

// TestNormsEqualNaive compares with the definition, for ordinary rows and for rows so small that eps counts.
func TestNormsEqualNaive(t *testing.T) { kerneltest.Both(t, testNorms[float32], testNorms[float64]) }

func testNorms[F simd.Float](t *testing.T) {
	tolerance := kerneltest.Tolerance[F](5e-6, 1e-13)
	for _, size := range normSizes {
		rows, width := size[0], size[1]
		n := rows * width
		for _, scale := range []F{1, 1e-4, 1e6} {
			x, gate, w, dy := kerneltest.Normal[F]("x", n), kerneltest.Normal[F]("gate", n), kerneltest.Normal[F]("w", width), kerneltest.Normal[F]("dy", n)
			for i := range x {
				x[i] *= scale
				gate[i] *= 5
			}
			clear(x[:width]) // a row of zeros
			wide := kerneltest.Widen(dy)
			name := func(s string) string { return fmt.Sprint(s, size, " times ", scale) }
			for _, g := range [][]F{nil, gate} {
				naive := NaiveRMSNorm{Rows: rows, Width: width, Eps: 1e-5, X: kerneltest.Widen(x), Weight: kerneltest.Widen(w)}
				var dgate []F
				if g != nil {
					naive.Gate, dgate = kerneltest.Widen(g), kerneltest.Poisoned[F](n)
				}
				k, y, dx, dw := NewRMSNorm[F](rows, width, 1e-5), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](width)
				k.Forward(y, x, g, w)
				for range 2 { // the second finds used memory
					k.Backward(dx, dgate, dw, x, g, w, dy)
				}
				wantX, wantGate, wantW := naive.Backward(wide)
				kerneltest.Near(t, name("RMSNorm y"), y, naive.Forward(), tolerance)
				kerneltest.Near(t, name("RMSNorm dx"), dx, wantX, tolerance)
				kerneltest.Near(t, name("RMSNorm dgate"), dgate, wantGate, tolerance)
				kerneltest.Within(t, name("RMSNorm dweight"), dw, wantW, tolerance*max(1, kerneltest.Largest(wantW))*math.Sqrt(float64(rows)))
			}
			k, y, dx := NewL2Norm[F](rows, width), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n)
			k.Forward(y, x)
			k.Backward(dx, x, dy)
			naive := NaiveL2Norm{rows, width, kerneltest.Widen(x)}
			kerneltest.Near(t, name("L2Norm y"), y, naive.Forward(), tolerance)
			kerneltest.Near(t, name("L2Norm dx"), dx, naive.Backward(wide), tolerance)
		}
	}
}
