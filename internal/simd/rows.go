package simd

import "goomtrain/internal/simd/floats"

// MulRows sets dst[r] = src[r] * x for rows of len(x) columns that are stride elements apart in both:
// element j of row r is at r*stride+j. It panics if a slice is too short or stride is shorter than a
// row. dst may be src, but must not overlap it otherwise.
func MulRows[F Float](dst, src, x []F, rows, stride int) {
	n := len(x)
	if rows <= 0 || n == 0 {
		return
	}
	if need := (rows-1)*stride + n; stride < n || len(dst) < need || len(src) < need {
		panicRows("MulRows", rows, n, stride, len(dst), len(src))
	}
	if floats.Single[F]() {
		mulRows32(floats.As32(dst), floats.As32(src), floats.As32(x), rows, stride)
		return
	}
	mulRowsPortable(dst, src, x, rows, stride)
}

// MulRowsBackward is the gradient of MulRows: it adds the sum over the rows of ddst[r] * src[r] to dx, and
// ddst[r] * x to dsrc[r]. Shapes are those of MulRows; the slices must not overlap.
func MulRowsBackward[F Float](dx, dsrc, ddst, src, x []F, rows, stride int) {
	checkMap("MulRowsBackward", dx, x)
	n := len(x)
	if rows <= 0 || n == 0 {
		return
	}
	if need := (rows-1)*stride + n; stride < n || len(dsrc) < need || len(ddst) < need || len(src) < need {
		panicRows("MulRowsBackward", rows, n, stride, len(dsrc), min(len(ddst), len(src)))
	}
	if floats.Single[F]() {
		mulRowsBackward32(floats.As32(dx), floats.As32(dsrc), floats.As32(ddst), floats.As32(src), floats.As32(x), rows, stride)
		return
	}
	mulRowsBackwardPortable(dx, dsrc, ddst, src, x, rows, stride)
}

// AddWeighted adds the sum over r < rows of w[r*strideW] * src[r] to dst, where rows of src have len(dst)
// columns and are stride elements apart: a product of a vector and a small matrix, with less overhead
// than matmul.Gemm. It panics if a slice is too short or stride is shorter than a row. dst must not overlap
// the others.
func AddWeighted[F Float](dst, w, src []F, rows, strideW, stride int) {
	n := len(dst)
	if rows <= 0 || n == 0 {
		return
	}
	if stride < n || strideW < 1 || len(src) < (rows-1)*stride+n || len(w) < (rows-1)*strideW+1 {
		panicRows("AddWeighted", rows, n, stride, len(w), len(src))
	}
	if floats.Single[F]() {
		addWeighted32(floats.As32(dst), floats.As32(w), floats.As32(src), rows, strideW, stride)
		return
	}
	addWeightedPortable(dst, w, src, rows, strideW, stride)
}

// DotRows adds the inner product of x and row r of a to dst[r], for r < len(dst). Rows have len(x) columns and are
// stride elements apart. It panics if a is too short or stride is shorter than a row. dst must
// not overlap the others.
func DotRows[F Float](dst, x, a []F, stride int) {
	n, rows := len(x), len(dst)
	if n == 0 || rows == 0 {
		return
	}
	if stride < n || len(a) < (rows-1)*stride+n {
		panicRows("DotRows", rows, n, stride, rows, len(a))
	}
	if floats.Single[F]() {
		dotRows32(floats.As32(dst), floats.As32(x), floats.As32(a), stride)
		return
	}
	dotRowsPortable(dst, x, a, stride)
}
