package simd

// Large products follow Goto and van de Geijn (2008): B is packed into panels, A into rows that lie close
// together, and the loops around the micro-kernel keep a panel of B in the first cache and the block of A
// in the second.

const (
	blockK = 256 // inner dimension of a block: a panel of B is 16 KiB
	blockM = 168 // rows of a packed block of A, a multiple of 6 and 14: at most 172 KiB
	blockN = 512 // columns of B that one goroutine packs for itself: 512 KiB

	// smallB is the number of elements of a transposed B that one thread packs without further ado.
	smallB = 1 << 14

	// farBatch is the number of elements from which the operands of a batch are not expected in a near cache.
	farBatch = 1 << 18

	// splitWork is the work (m*n*k) from which a product is worth splitting: about 3 µs.
	splitWork = 1 << 17
	// pieceWork is the least work of a piece of a split product.
	pieceWork = 1 << 17
)

// run computes the product, in parallel if it is large and that is allowed. The path depends on the shape
// alone, so the bits do not depend on the number of threads.
func (p *product[F]) run(parallel bool) {
	if p.trivial() {
		return
	}
	if (p.m == 1 || p.n == 1) && p.vector(parallel) {
		return
	}
	if p.csb == 1 && p.direct() {
		if !parallel || p.m*p.n*p.k < splitWork || Threads() == 1 {
			multiply(p)
			return
		}
		j := takeJob[F]()
		j.product = *p
		j.split()
		For(j.pieces(), j.directPiece)
		j.release()
		return
	}
	if p.k*p.n <= smallB && (!parallel || p.m*p.n*p.k < splitWork) {
		s := takeScratch[F]()
		p.multiplyPacked(s)
		s.release()
		return
	}
	if !parallel || p.m*p.n*p.k < splitWork {
		s := takeScratch[F]()
		p.multiplyBlocked(s)
		s.release()
		return
	}
	j := takeJob[F]()
	j.product = *p
	j.run()
	j.release()
}

// direct reports whether the micro-kernels may read the operands where they lie: if they are so small
// that they stay in the caches without packing, or are read only once or twice.
func (p *product[F]) direct() bool {
	return p.k <= 2*blockK && (p.k*p.rsb <= 8192 || p.m <= 12) && (p.m <= 64 || p.m*p.k <= 32768)
}

// multiplyPacked computes a product with a small B by packing it in s.
func (p *product[F]) multiplyPacked(s *scratch[F]) {
	p.packB(s)
	multiply(p)
}

// multiplyBlocked computes a product of any size on the calling goroutine by packing in s.
func (p *product[F]) multiplyBlocked(s *scratch[F]) {
	for column := 0; column < p.n; column += blockN {
		columns := min(blockN, p.n-column)
		for from := 0; from < p.k; from += blockK {
			b := p.part(0, p.m, column, columns)
			b.inner(from, min(blockK, p.k-from))
			b.packB(s)
			for row := 0; row < p.m; row += blockM {
				q := b.band(row, min(blockM, p.m-row))
				if q.worthPacking(p.m * p.k) {
					q.packA(s)
				}
				multiply(&q)
			}
		}
	}
}

// inner restricts the product to [from, from+depth) of its inner dimension; all but the first such part
// add to C.
func (p *product[F]) inner(from, depth int) {
	p.a, p.b, p.k = p.a[from*p.csa:], p.b[from*p.rsb:], depth
	if from > 0 {
		p.beta, p.d, p.rsd = 1, p.c, p.rsc
	}
}

// worthPacking reports whether a block of an A of so many elements is read often enough, and from far
// enough, to be copied.
func (p *product[F]) worthPacking(elements int) bool {
	return elements > 16384 && p.m > 12 && p.n > 2*panelWidth[F]()
}

// packB replaces B, an operand, by panels.
func (p *product[F]) packB(s *scratch[F]) {
	width := panelWidth[F]()
	s.b = grow(s.b, p.k*(p.n+width))
	packB(s.b, p.b, p.rsb, p.csb, p.k, p.n)
	p.b, p.rsb, p.csb, p.bstep = s.b, width, 1, width*p.k
}

// packA replaces A by a copy whose rows (or columns) are not a power of two apart and share pages.
func (p *product[F]) packA(s *scratch[F]) {
	if p.csa == 1 {
		ld := p.k + 16
		s.a = grow(s.a, p.m*ld)
		copyBlock(s.a, ld, p.a, p.rsa, p.k, p.m)
		p.a, p.rsa = s.a, ld
		return
	}
	ld := (p.m+15)&^15 + 16
	s.a = grow(s.a, p.k*ld)
	copyBlock(s.a, ld, p.a, p.csa, p.m, p.k)
	p.a, p.csa = s.a, ld
}

// copyBlockPortable copies rows of width elements between row strides ldd and lds.
func copyBlockPortable[F Float](dst []F, ldd int, src []F, lds, width, rows int) {
	for i := range rows {
		copy(dst[i*ldd:i*ldd+width], src[i*lds:])
	}
}

// packBPortable writes k rows and n columns of B as panels of k rows, the last one's missing columns left
// as they are: the kernels compute with them and throw the result away.
func packBPortable[F Float](dst, b []F, rsb, csb, k, n int) {
	width := panelWidth[F]()
	for j := range n {
		panel := dst[j/width*width*k+j%width:]
		if csb != 1 { // along the stored rows of B, which are its columns
			column := b[j*csb:]
			for p := range k {
				panel[p*width] = column[p*rsb]
			}
			continue
		}
		if j%width == 0 {
			columns := min(width, n-j)
			for p := range k {
				copy(panel[p*width:p*width+columns], b[p*rsb+j:])
			}
		}
	}
}
