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
	if p.bias != nil && !(parallel && p.large() && p.m > 1 && p.n > 1 && p.kind() == shared) { // no other path adds it
		q := *p
		q.bias = nil
		q.run(parallel)
		p.addBiasRows()
		return
	}
	if p.trivial() {
		return
	}
	if (p.m == 1 || p.n == 1) && p.vector(parallel) {
		return
	}
	split := parallel && p.large()
	switch {
	case p.direct() && (!split || simd.Threads() == 1):
		multiply(p)
	case split:
		j := takeJob[F]()
		j.product = *p
		j.run(p.kind())
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

// large reports whether the product is worth splitting between threads.
func (p *product[F]) large() bool { return p.m*p.n*p.k >= splitWork && p.alpha != 0 }

// kind is a way to share a large product out.
type kind int

const (
	direct  kind = iota // its operands are read where they lie
	chunked             // the inner dimension is cut
	own                 // every piece packs its part of B: to pack it for all costs a small product more than it gains
	shared              // B is packed for all
)

func (p *product[F]) kind() kind {
	switch {
	case p.direct():
		return direct
	case p.worthChunks():
		return chunked
	case p.m <= ownRows && p.m*p.k <= ownA && p.n >= 4*panelWidth[F](), p.m <= blockM && p.n >= 4*ownColumns:
		return own
	}
	return shared
}

// direct reports whether the kernels may read the operands where they lie: because they are so small that they stay
// in the caches without packing, or because they are read only once or twice.
func (p *product[F]) direct() bool {
	return p.csb == 1 && p.k <= 2*blockK && (p.k*p.rsb <= 8192 || p.m <= 12) && (p.m <= 64 || p.m*p.k <= 32768)
}
