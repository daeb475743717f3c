package simd

import "fmt"

// MulRows sets dst[r] = src[r] * x for rows of len(x) columns that are stride elements apart in both:
// element j of row r is at r*stride+j. It panics if a slice is too short or stride is shorter than a
// row. dst and src must not overlap.
func MulRows[F Float](dst, src, x []F, rows, stride int) {
	n := len(x)
	if rows <= 0 || n == 0 {
		return
	}
	if need := (rows-1)*stride + n; stride < n || len(dst) < need || len(src) < need {
		panicRows("MulRows", rows, n, stride, len(dst), len(src))
	}
	if single[F]() {
		mulRows32(as32(dst), as32(src), as32(x), rows, stride)
		return
	}
	mulRowsPortable(dst, src, x, rows, stride)
}

// MulRowsBackward is the gradient of MulRows: it adds the sum over the rows of ddst[r] * src[r] to dx, and
// ddst[r] * x to dsrc[r]. Shapes are as there; the slices must not overlap.
func MulRowsBackward[F Float](dx, dsrc, ddst, src, x []F, rows, stride int) {
	checkMap("MulRowsBackward", dx, x)
	n := len(x)
	if rows <= 0 || n == 0 {
		return
	}
	if need := (rows-1)*stride + n; stride < n || len(dsrc) < need || len(ddst) < need || len(src) < need {
		panicRows("MulRowsBackward", rows, n, stride, len(dsrc), min(len(ddst), len(src)))
	}
	if single[F]() {
		mulRowsBackward32(as32(dx), as32(dsrc), as32(ddst), as32(src), as32(x), rows, stride)
		return
	}
	mulRowsBackwardPortable(dx, dsrc, ddst, src, x, rows, stride)
}

// AddWeighted adds the sum over r < rows of w[r*strideW] * src[r] to dst, where rows of src have len(dst)
// columns and are stride elements apart: a product of a vector and a small matrix, with less overhead
// than Gemm. It panics if a slice is too short or stride is shorter than a row. dst must not overlap
// the others.
func AddWeighted[F Float](dst, w, src []F, rows, strideW, stride int) {
	n := len(dst)
	if rows <= 0 || n == 0 {
		return
	}
	if stride < n || strideW < 1 || len(src) < (rows-1)*stride+n || len(w) < (rows-1)*strideW+1 {
		panicRows("AddWeighted", rows, n, stride, len(w), len(src))
	}
	if single[F]() {
		addWeighted32(as32(dst), as32(w), as32(src), rows, strideW, stride)
		return
	}
	addWeightedPortable(dst, w, src, rows, strideW, stride)
}

// Polynomial sets value = sum over p of c[p] x^p and, unless it is nil, slope to its derivative, by
// Horner's rule. value or slope, but not both, may be x. It panics if there are no coefficients.
func Polynomial[F Float](value, slope, x, c []F) {
	checkMap("Polynomial", value, x)
	if slope != nil {
		checkMap("Polynomial", slope, x)
		if shared(value, slope) {
			panicOverlap("Polynomial")
		}
	}
	if len(c) == 0 {
		panicEmpty("Polynomial")
	}
	if len(x) == 0 {
		return
	}
	if single[F]() {
		polynomial32(as32(value), as32(slope), as32(x), as32(c))
		return
	}
	polynomialPortable(value, slope, x, c)
}

func panicRows(name string, rows, n, stride, dst, src int) {
	panic(fmt.Sprintf("simd: %s: slices of %d and %d elements for %d rows of %d, %d apart", name, dst, src, rows, n, stride))
}

func mulRowsPortable[F Float](dst, src, x []F, rows, stride int) {
	for r := range rows {
		mulPortable(dst[r*stride:][:len(x)], src[r*stride:][:len(x)], x)
	}
}

func mulRowsBackwardPortable[F Float](dx, dsrc, ddst, src, x []F, rows, stride int) {
	for r := range rows {
		g, s, d := ddst[r*stride:][:len(x)], src[r*stride:][:len(x)], dsrc[r*stride:][:len(x)]
		for j, v := range g {
			dx[j] += v * s[j]
			d[j] += v * x[j]
		}
	}
}

func addWeightedPortable[F Float](dst, w, src []F, rows, strideW, stride int) {
	for r := range rows {
		addScaledPortable(dst, w[r*strideW], src[r*stride:][:len(dst)])
	}
}

func polynomialPortable[F Float](value, slope, x, c []F) {
	top := len(c) - 1
	for i, v := range x {
		y, d := c[top], F(0)
		for p := top - 1; p >= 0; p-- {
			d = d*v + y
			y = y*v + c[p]
		}
		value[i] = y
		if slope != nil {
			slope[i] = d
		}
	}
}
