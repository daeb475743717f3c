//go:build !amd64 || noasm

package simd

// Without assembly the kernels of products are their portable twins.

func multiply[F Float](p *product[F]) { multiplyPortable(p) }

func packPanel[F Float](dst, b []F, rsb, csb, k, n int) {
	packPanelPortable(dst, b, rsb, csb, k, n)
}

func (p *product[F]) vectorRows(lo, n int) { p.vectorRowsPortable(lo, n) }

func (p *product[F]) vectorColumns(y []F, lo int) { p.vectorColumnsPortable(y, lo) }
