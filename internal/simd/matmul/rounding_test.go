package matmul

import (
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd"
)

// With normal numbers results are rounded: the bits must not depend on the number of threads, and the error must be that
// of sums of products in float32.
func TestGemmRounding(t *testing.T) {
	defer simd.SetThreads(0)
	r := rand.New(rand.NewPCG(8, 9))
	for _, s := range [][3]int{{64, 64, 1000}, {200, 130, 70}, {50, 300, 2100}, {60, 1100, 90}, {1, 900, 300}, {300, 1, 500}, {5, 2100, 90}, {2000, 24, 64},
		{64, 256, 512}, {500, 70, 250}, {33, 200, 600}} {
		for trans := range 4 {
			m, n, k, transA, transB := s[0], s[1], s[2], trans&1 != 0, trans&2 != 0
			_, lda := stored(transA, m, k)
			_, ldb := stored(transB, k, n)
			a, b := make([]float32, m*k), make([]float32, k*n)
			for i := range a {
				a[i] = float32(r.NormFloat64())
			}
			for i := range b {
				b[i] = float32(r.NormFloat64())
			}
			var first []float32
			for _, threads := range []int{1, 2, 3, 7} {
				simd.SetThreads(threads)
				c := make([]float32, m*n)
				Gemm(transA, transB, m, n, k, 1, a, lda, b, ldb, 0, c, n)
				if first == nil {
					first = c
				}
				for i := range c {
					if c[i] != first[i] {
						t.Fatalf("%v trans=%d: element %d is %v with %d threads, %v with 1", s, trans, i, c[i], threads, first[i])
					}
				}
			}
			for i := range m {
				for j := range n {
					var sum, size float64
					for p := range k {
						x, y := a[i*k*(1-trans&1)+p*(1-trans&1)+(trans&1)*(p*m+i)], b[(1-trans>>1)*(p*n+j)+(trans>>1)*(j*k+p)]
						sum += float64(x) * float64(y)
						size += math.Abs(float64(x) * float64(y))
					}
					if e := math.Abs(float64(first[i*n+j]) - sum); e > 20*0x1p-24*size {
						t.Fatalf("%v trans=%d: (%d,%d) is off by %g, %g of the sum of magnitudes", s, trans, i, j, e, e/size)
					}
				}
			}
		}
	}
}
