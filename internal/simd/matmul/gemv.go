package matmul

import "goomtrain/internal/simd"

// vectorPiece is the work of a piece of a split product of a vector and a matrix: 128 KiB of the matrix.
const vectorPiece = 1 << 15

// vector computes a product with one row or one column, whose speed is that of memory, by kernels of its own, and
// reports whether it did. Generating text takes such products: one token at a time.
func (p *product[F]) vector(parallel bool) bool {
	if p.m != 1 {
		if p.rsc != 1 || p.d != nil && p.rsd != 1 {
			return false
		}
		// C is a column that lies like a row: transpose the product.
		p.m, p.n = p.n, p.m
		p.a, p.b = p.b, p.a
		p.rsa, p.csa, p.rsb, p.csb = p.csb, p.rsb, p.csa, p.rsa
		p.rsc, p.rsd = p.n, p.n
	}
	if p.csb == 1 && p.k*p.n < 1024 {
		return false // the general path has less to prepare
	}
	if p.csb != 1 && p.rsb != 1 {
		return false // neither rows nor columns of B are contiguous
	}
	s := takeScratch[F]()
	if p.csb == 1 || p.csa != 1 {
		// x must be contiguous, and vectorColumns does not multiply by alpha
		s.a = grow(s.a, p.k)
		factor := F(1)
		if p.csb == 1 {
			factor = p.alpha
		}
		for i := range s.a {
			s.a[i] = factor * p.a[i*p.csa]
		}
		p.a, p.csa = s.a, 1
	}
	if parallel && p.n*p.k >= splitWork && simd.Threads() > 1 {
		j := takeJob[F]()
		j.product = *p
		want := min(4*simd.Threads(), p.n*p.k/vectorPiece)
		j.rows, j.columns = 1, max(16, (p.n/want+15)/16*16)
		simd.For(j.pieces(), j.vectorPiece)
		j.release()
	} else {
		p.vectorRange(0, p.n)
	}
	s.release()
	return true
}

// runVector computes a piece of a product with one row.
func (j *job[F]) runVector(i int) {
	lo := i * j.columns
	j.vectorRange(lo, min(j.n, lo+j.columns))
}

// vectorRange computes elements [lo, hi) of the row C, in parts that stay in the first cache and keep each call
// short.
func (p *product[F]) vectorRange(lo, hi int) {
	for ; lo < hi; lo += 2048 {
		n := min(2048, hi-lo)
		if p.csb != 1 {
			p.vectorRows(lo, n)
			continue
		}
		y := p.c[lo : lo+n]
		if p.d == nil {
			clear(y)
		} else {
			simd.Scale(y, p.beta, p.d[lo:lo+n])
		}
		p.vectorColumns(y, lo)
	}
}
