//go:build !amd64 || noasm

package simd

// multiply computes a product in panel form.
func multiply[F Float](p *product[F]) { multiplyPortable(p) }

// packPanel writes one panel of n columns of B.
func packPanel[F Float](dst, b []F, rsb, csb, k, n int) {
	packPanelPortable(dst, b, rsb, csb, k, n)
}
