package matmul

import "goomtrain/internal/simd"

const (
	// splitWork is the work (m*n*k) from which a product is worth splitting between threads: about 3 µs.
	splitWork = 1 << 17
	// pieceWork is the least work of a piece of a split product.
	pieceWork = 1 << 17
	// smallB is the largest number of elements of a transposed B that one goroutine packs as a whole.
	smallB = 1 << 14
)

// run computes the product, in parallel if it is large and parallel is set. The path depends on the shape alone, so
// the bits do not depend on the number of threads.
func (p *product[F]) run(parallel bool) {
	if p.trivial() {
		return
	}
	if (p.m == 1 || p.n == 1) && p.vector(parallel) {
		return
	}
	split := parallel && p.m*p.n*p.k >= splitWork
	switch {
	case p.csb == 1 && p.direct():
		if !split || simd.Threads() == 1 {
			multiply(p)
			return
		}
		j := takeJob[F]()
		j.product = *p
		j.split()
		simd.For(j.pieces(), j.directPiece)
		j.release()
	case split:
		j := takeJob[F]()
		j.product = *p
		j.run()
		j.release()
	default:
		s := takeScratch[F]()
		if p.k*p.n <= smallB {
			p.multiplyPacked(s)
		} else {
			p.multiplyBlocked(s)
		}
		s.release()
	}
}

// direct reports whether the kernels may read the operands where they lie: because they are so small that they stay
// in the caches without packing, or because they are read only once or twice.
func (p *product[F]) direct() bool {
	return p.k <= 2*blockK && (p.k*p.rsb <= 8192 || p.m <= 12) && (p.m <= 64 || p.m*p.k <= 32768)
}
