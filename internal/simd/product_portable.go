//go:build !amd64 || noasm

package simd

// Without assembly the kernels of products are their portable twins.

func multiply[F Float](p *product[F]) { multiplyPortable(p) }

func packB[F Float](dst, b []F, rsb, csb, k, n int) { packBPortable(dst, b, rsb, csb, k, n) }

func copyBlock[F Float](dst []F, ldd int, src []F, lds, width, rows int) {
	copyBlockPortable(dst, ldd, src, lds, width, rows)
}

func (p *product[F]) vectorRows(lo, n int) { p.vectorRowsPortable(lo, n) }

func (p *product[F]) vectorColumns(y []F, lo int) { p.vectorColumnsPortable(y, lo) }
