package routing

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// chunkOf returns how many of n inputs with m outputs are computed together: their numbers stay in the nearest cache, and
// there are several chunks for every core.
func chunkOf(n, m int) int { return max(1, min(n/8, 1024/m)) }

// groupOf returns how many of n inputs make a block, of which a worker computes the products and what lies between them
// while they are in its own cache, and how many make a group, which is a task: some blocks, four groups to sixteen. Each
// group has sums of its own, so that results do not depend on who computes it. Both are multiples of the chunk, or n.
func groupOf(n, chunk int) (block, group int) {
	const most = 128 // of a block: its 128 rows of 256 numbers are a fifteenth of a second cache of 2 MiB
	groups := min(16, max(4, simd.Pieces(n, most)))
	group = min(n, simd.Pieces(simd.Pieces(n, groups), chunk)*chunk)
	return min(group, max(chunk, most/chunk*chunk)), group
}

// rowOf returns row i of x [.., width].
func rowOf[F simd.Float](x []F, i, width int) []F { return x[i*width : (i+1)*width : (i+1)*width] }

// rowGrain is the number of outputs that a worker takes at a time where there is little to do for each.
const rowGrain = 16

// manySamples is the number of samples from which each product is computed on one core, not shared by all.
const manySamples = 8

// multiply computes c = op(a) op(b) + beta c of count samples, with op(a) [m, k], op(b) [k, n] and c [m, n].
func multiply[F simd.Float](count int, transA, transB bool, m, n, k int, a, b []F, beta F, c []F) {
	multiplyBy(1, count, transA, transB, m, n, k, a, b, beta, c)
}

// multiplyBy computes c = alpha op(a) op(b) + beta c.
func multiplyBy[F simd.Float](alpha F, count int, transA, transB bool, m, n, k int, a, b []F, beta F, c []F) {
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	if count >= manySamples {
		matmul.Batched(count, transA, transB, m, n, k, alpha, a, lda, m*k, b, ldb, k*n, beta, c, n, m*n)
		return
	}
	for i := range count {
		matmul.Gemm(transA, transB, m, n, k, alpha, rowOf(a, i, m*k), lda, rowOf(b, i, k*n), ldb, beta, rowOf(c, i, m*n), n)
	}
}

// serial is multiply of one sample on the calling goroutine.
func serial[F simd.Float](transA, transB bool, m, n, k int, a, b []F, beta F, c []F) {
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	matmul.Serial(transA, transB, m, n, k, 1, a, lda, b, ldb, beta, c, n)
}

// addPart adds a part to a sum, or begins it with the first one.
func addPart[F simd.Float](sum, part []F, first bool) {
	if first {
		copy(sum, part)
		return
	}
	simd.Add(sum, sum, part)
}

// linear writes x W^T + bias for all inputs: x [B n, d], w [m, d].
func (k *Vector[F]) linear(y, x, w, bias []F) {
	matmul.WithBias(false, true, k.Batch*k.Inputs, k.Outputs, k.DIn, 1, x, k.DIn, w, k.DIn, bias, y, k.Outputs)
}
