package matmul

// Large products follow Goto and van de Geijn (2008): B is packed into panels, and A into rows that lie close
// together, block by block. The loops around the kernel keep a panel of B in the first cache and the block of A in
// the second.

const (
	blockK = 256 // inner dimension of a block: a panel of B is 16 KiB
	blockM = 168 // rows of a packed block of A, a multiple of 6 and 14: at most 172 KiB
	blockN = 512 // columns of B that one goroutine packs for itself: 512 KiB

	packContiguous = 384 // columns from which on a block of A is packed whose rows are contiguous
)

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
			if b.worthPackingB() {
				b.packB(s)
			}
			for row := 0; row < p.m; row += blockM {
				q := b.rowRange(row, min(blockM, p.m-row))
				if q.worthPacking(p.m * p.k) {
					q.packA(s)
				}
				multiply(&q)
			}
		}
	}
}

// worthPackingB reports whether the block of B should be packed: unless it lies as the kernels read it, its rows are close
// together, and few blocks of rows of A read it.
func (p *product[F]) worthPackingB() bool { return p.csb != 1 || p.rsb > 512 || p.m > 64 }

// worthPacking reports whether the block of A should be copied, given the number of elements of the whole A: whether
// it is read often enough, and from far enough. Rows that are contiguous are read where they lie until there are many
// columns.
func (p *product[F]) worthPacking(elements int) bool {
	often := 2 * panelWidth[F]()
	if p.csa == 1 {
		often = packContiguous
	}
	return elements > 16384 && p.m > 12 && p.n > often
}
