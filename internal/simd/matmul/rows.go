package matmul

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// Rows computes C = A*op(B) + D + bias with A m x k, so that each row of C has the bits that it would have if it were the only
// one: of Gemm that holds for single rows alone, because it adds up in an order that depends on the shape. It is for streams,
// whose results must not depend on how many of them there are. D and bias are those of Mixed. Otherwise it is Gemm.
func Rows[F floats.Float](transB bool, m, n, k int, a []F, lda int, b []F, ldb int, d []F, ldd int, bias []F, c []F, ldc int) {
	var p product[F]
	p.init(false, transB, m, n, k, 1, a, lda, b, ldb, c, ldc)
	p.check("Rows")
	p.plus("Rows", d, ldd, bias)
	p.runRows()
	if p.bias != nil {
		p.addBiasRows()
	}
}

const (
	// rowsWork is the number of elements of B from which a product of rows is worth splitting between threads. One row takes
	// 1 to 4 µs for it, by the cache that B is in, and to share it out costs about 1 µs.
	rowsWork = 1 << 15

	rowsB   = 1 << 12 // elements of B that stay in the first cache for all rows
	packedB = 1 << 15 // elements of B that are packed at a time
)

// runRows computes a product of rows. It is cut into as many pieces as there are threads, of whole columns, so that a
// thread finds its part of B in its own cache at the next product of the same shape: a stream reads the weights again and
// again.
func (p *product[F]) runRows() {
	if p.trivial() {
		return
	}
	threads := simd.Threads()
	if p.n*p.k*min(p.m, 4) < rowsWork || threads == 1 {
		p.rowsRange(0, p.n)
		return
	}
	j := takeJob[F]()
	j.product = *p
	j.rows, j.columns = p.m, (simd.Pieces(p.n, threads)+15)/16*16
	simd.For(j.pieces(), j.rowsPiece)
	j.release()
}

// runRowsPiece computes a piece of a product of rows.
func (j *job[F]) runRowsPiece(i int) {
	lo := i * j.columns
	j.rowsRange(lo, min(j.n, lo+j.columns))
}

// rowsRange computes columns [lo, hi) of C.
func (p *product[F]) rowsRange(lo, hi int) {
	if p.csb == 1 && (p.m > 1 || !fastColumns[F]()) {
		p.rowsPacked(lo, hi)
		return
	}
	width := max(4, rowsB/p.k&^3)
	if p.m == 1 {
		width = 2048
	}
	for ; lo < hi; lo += width {
		n := min(width, hi-lo)
		done := 0
		if p.csb != 1 {
			done = p.vectorTiles(lo, n) // the most rows at a time
		}
		for i := done; i < p.m; i++ {
			p.row(i, lo, n)
		}
	}
}

// row computes n columns of row i of C from column lo on.
func (p *product[F]) row(i, lo, n int) {
	q := *p
	q.a, q.c = p.a[i*p.rsa:], p.c[i*p.rsc:]
	if p.d != nil {
		q.d = p.d[i*p.rsd:]
	}
	if p.csb != 1 {
		q.vectorRows(lo, n)
		return
	}
	y := q.c[lo : lo+n]
	if p.d == nil {
		clear(y)
		q.vectorColumns(y, lo)
		return
	}
	// D is added last, as the kernels of several rows do. It may be C.
	s := takeScratch[F]()
	s.b = grow(s.b, n)
	clear(s.b)
	q.vectorColumns(s.b, lo)
	simd.Add(y, s.b, q.d[lo:lo+n])
	s.release()
}

// rowsPacked computes columns [lo, hi) of C by the kernels of Gemm, which add up the products of each element one after
// the other, whatever the number of rows.
func (p *product[F]) rowsPacked(lo, hi int) {
	width := max(32, packedB/p.k/32*32)
	var s *scratch[F]
	for ; lo < hi; lo += width {
		q := p.part(0, p.m, lo, min(width, hi-lo))
		if p.m > 12 && p.k*p.rsb > 8192 { // B is far apart, and read several times
			if s == nil {
				s = takeScratch[F]()
			}
			q.packB(s)
		}
		multiply(&q)
	}
	if s != nil {
		s.release()
	}
}
