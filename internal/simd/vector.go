package simd

// vectorPiece is the work of a piece of a split product of a vector and a matrix: 128 KiB of the matrix.
const vectorPiece = 1 << 15

// vector computes a product with one row or one column by kernels of its own, which live on the
// bandwidth of memory, and reports whether it did. This is the product of generation: one token.
func (p *product[F]) vector(parallel bool) bool {
	if p.m != 1 {
		if p.rsc != 1 || p.d != nil && p.rsd != 1 {
			return false
		}
		// C is a column that lies like a row: transpose all.
		p.m, p.n = p.n, p.m
		p.a, p.b = p.b, p.a
		p.rsa, p.csa, p.rsb, p.csb = p.csb, p.rsb, p.csa, p.rsa
		p.rsc, p.rsd = p.n, p.n
	}
	if p.csb == 1 && p.k*p.n < 1024 {
		return false // the general path has less to prepare
	}
	if p.csb != 1 && p.rsb != 1 {
		return false // neither rows nor columns of B lie together
	}
	s := takeScratch[F]()
	if p.csb == 1 || p.csa != 1 {
		// x must be contiguous, and the kernel of columns leaves alpha to us
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
	if parallel && p.n*p.k >= splitWork && Threads() > 1 {
		j := takeJob[F]()
		j.product = *p
		want := min(4*Threads(), p.n*p.k/vectorPiece)
		j.rows, j.columns = 1, max(16, (p.n/want+15)/16*16)
		For(j.pieces(), j.vectorPiece)
		j.release()
	} else {
		p.vectorRange(0, p.n)
	}
	s.release()
	return true
}

func (j *job[F]) runVector(i int) {
	lo := i * j.columns
	j.vectorRange(lo, min(j.n, lo+j.columns))
}

// vectorRange computes elements [lo, hi) of the row C, as many at a time as stay in the first cache (and
// as do not keep the processor in one call for long).
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
			Scale(y, p.beta, p.d[lo:lo+n])
		}
		p.vectorColumns(y, lo)
	}
}

// vectorRowsPortable sets c[lo:lo+n] = alpha*B*x + beta*d, an inner product for each stored row of B.
func (p *product[F]) vectorRowsPortable(lo, n int) {
	for j := lo; j < lo+n; j++ {
		s := p.alpha * dotPortable(p.a[:p.k], p.b[j*p.csb:][:p.k])
		if p.d != nil {
			s += p.beta * p.d[j]
		}
		p.c[j] = s
	}
}

// vectorColumnsPortable adds x*B, columns from lo on, to y.
func (p *product[F]) vectorColumnsPortable(y []F, lo int) {
	for i, x := range p.a[:p.k] {
		addScaledPortable(y, x, p.b[i*p.rsb+lo:][:len(y)])
	}
}
