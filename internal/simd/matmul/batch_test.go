package matmul

import (
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestGemmBatchedAgainstDefinition(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for range simdtest.Rounds(200) {
			g := randomCase(r, 33)
			g.m, g.n, g.bias = g.m+1, g.n+1, false
			count := r.IntN(10)
			rowsA, colsA := stored(g.transA, g.m, g.k)
			rowsB, colsB := stored(g.transB, g.k, g.n)
			lda, ldb, ldc := max(1, colsA), max(1, colsB), g.n
			strideA, strideB, strideC := rowsA*lda, rowsB*ldb, g.m*ldc+3
			if r.IntN(4) == 0 {
				strideA = 0 // one A for all
			}
			if r.IntN(4) == 0 {
				strideB = 0 // one B for all
			}
			if r.IntN(4) == 0 {
				strideC, ldc = g.n, g.n*count // side by side
			}
			a, b := simdtest.Integers[float32](r, count*strideA+rowsA*lda+1), simdtest.Integers[float32](r, count*strideB+rowsB*ldb+1)
			c := simdtest.Integers[float32](r, max(0, (count-1)*strideC+(g.m-1)*ldc+g.n))
			want := append([]float32(nil), c...)
			for i := range count {
				copy(want[i*strideC:], naive(g, a[i*strideA:], lda, b[i*strideB:], ldb, nil, want[i*strideC:], ldc))
			}
			Batched(count, g.transA, g.transB, g.m, g.n, g.k, float32(g.alpha), a, lda, strideA, b, ldb, strideB, float32(g.beta), c, ldc, strideC)
			for i := range c {
				if c[i] != want[i] {
					t.Fatalf("%d x %v: element %d is %v, want %v", count, g, i, c[i], want[i])
				}
			}
		}
	})
}
