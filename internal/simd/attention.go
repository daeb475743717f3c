package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// SoftmaxRow sets x[i] = exp(x[i] - largest), where largest is the maximum of x and floor, and returns it and the sum of
// the new x. With the largest of the elements before for floor that is one step of a running softmax (arXiv 1805.02867).
// A NaN in x counts for nothing in the maximum and makes the sum NaN.
func SoftmaxRow[F Float](x []F, floor F) (largest, sum F) {
	if len(x) == 0 {
		return floor, 0
	}
	if floats.Single[F]() {
		l, s := softmaxRow32(floats.As32(x), float32(floor))
		return F(l), F(s)
	}
	return softmaxRowPortable(x, floor)
}

// AttentionSlopes sets p[i] = exp(p[i] - c) and ds[i] = p[i] * (ds[i] - d): with scores and dy . v for operands, c the
// logarithm of the sum of exponentials and d = dy . y the weights of attention and the gradients of its scores. ds must
// not overlap p.
func AttentionSlopes[F Float](p, ds []F, c, d F) {
	if len(p) != len(ds) {
		panicLengths("AttentionSlopes", len(ds), len(p))
	}
	if len(p) == 0 {
		return
	}
	if floats.Share(p, ds) {
		panicOverlap("AttentionSlopes")
	}
	if floats.Single[F]() {
		attentionSlopes32(floats.As32(p), floats.As32(ds), float32(c), float32(d))
		return
	}
	attentionSlopesPortable(p, ds, c, d)
}

// Transpose sets dst[j*strideDst+i] = src[i*strideSrc+j] for i < rows and j < columns. dst must not overlap src.
func Transpose[F Float](dst []F, strideDst int, src []F, strideSrc, rows, columns int) {
	if rows <= 0 || columns <= 0 {
		return
	}
	if strideDst < rows || strideSrc < columns || !floats.Holds(len(dst), columns, rows, strideDst) || !floats.Holds(len(src), rows, columns, strideSrc) {
		panic(fmt.Sprintf("simd: Transpose: %d x %d with strides %d and %d, slices of %d and %d elements", rows, columns, strideDst, strideSrc, len(dst), len(src)))
	}
	if floats.Share(dst, src) {
		panicOverlap("Transpose")
	}
	if floats.Single[F]() {
		transpose32(floats.As32(dst), strideDst, floats.As32(src), strideSrc, rows, columns)
		return
	}
	transposePortable(dst, strideDst, src, strideSrc, rows, columns)
}
