package matmul

import "goomtrain/internal/simd"

// farBatch is the number of elements from which the operands of a batch are not expected in a near cache, so that the
// next product's are fetched during each product.
const farBatch = 1 << 18

// runBatch computes count products whose operands lie the given distances apart.
func (p *product[F]) runBatch(count, strideA, strideB, strideC int) {
	if p.m == 0 || p.n == 0 {
		return
	}
	j := takeJob[F]()
	j.product, j.count, j.strideA, j.strideB, j.strideC = *p, count, strideA, strideB, strideC
	work := max(1, p.m*p.n*p.k)
	j.per = max(1, min(16*pieceWork/work, (count+15)/16))
	pieces := (count + j.per - 1) / j.per
	if count*work < splitWork {
		for i := range pieces {
			j.batchPiece(i)
		}
	} else {
		simd.For(pieces, j.batchPiece)
	}
	j.release()
}

// runBatchPiece computes some products of a batch, one after the other.
func (j *job[F]) runBatchPiece(i int) {
	far := j.count*(j.strideA+j.strideB) > farBatch
	// Products that pack a small B share the memory for it: the goroutines would queue for the free list.
	var s *scratch[F]
	if j.csb != 1 && j.m > 1 && j.n > 1 && j.k > 0 && j.alpha != 0 && j.k*j.n <= smallB {
		s = takeScratch[F]()
	}
	for i, end := i*j.per, min(j.count, (i+1)*j.per); i < end; i++ {
		q := j.product
		q.a, q.b, q.c = tail(j.a, i*j.strideA), tail(j.b, i*j.strideB), j.c[i*j.strideC:]
		if q.d != nil {
			q.d = q.c
		}
		if far && i+1 < j.count {
			q.nextA, q.nextB, q.nextC = tail(j.a, (i+1)*j.strideA), tail(j.b, (i+1)*j.strideB), j.c[(i+1)*j.strideC:]
		}
		if s != nil {
			q.multiplyPacked(s)
		} else {
			q.run(false)
		}
	}
	if s != nil {
		s.release()
	}
}
