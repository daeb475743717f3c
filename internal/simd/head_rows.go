package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// One step of a recurrence whose transition is a matrix or a product of reflections of each head: H heads of R rows of
// width D, all in one call, because a call for each row would take longer than the arithmetic.

// AddRows adds rows [N, D], those of y by a factor of their own, and takes the largest magnitude of each sum:
//
//	dst = x + c*y        top = max |dst|
//
// c and top are [N]. A NaN in a row makes its top NaN. dst may be x or y.
func AddRows[F Float](dst, top, x, y, c []F) {
	width := rowWidth("AddRows", top, x)
	checkMap("AddRows", dst, x)
	checkMap("AddRows", dst, y)
	checkMap("AddRows", top, c)
	if width == 0 {
		return
	}
	if floats.Single[F]() {
		addRows32(floats.As32(dst), floats.As32(top), floats.As32(x), floats.As32(y), floats.As32(c), width)
		return
	}
	addRowsPortable(dst, top, x, y, c, width)
}

// ScaleRows multiplies each row of x [N, D] by a factor of its own: dst = c*x with c [N]. dst may be x.
func ScaleRows[F Float](dst, x, c []F) {
	width := rowWidth("ScaleRows", c, x)
	checkMap("ScaleRows", dst, x)
	if width == 0 {
		return
	}
	if floats.Single[F]() {
		scaleRows32(floats.As32(dst), floats.As32(x), floats.As32(c), width)
		return
	}
	scaleRowsPortable(dst, x, c, width)
}

// MulHeads multiplies the rows of each head by the head's matrix: dst[h] = x[h] A[h] with x, dst [H, R, D] and a
// [H, D, D]. dst must not overlap the others.
func MulHeads[F Float](dst, x, a []F, heads, rows, width int) {
	checkHeads("MulHeads", len(x), len(dst), len(a), heads, rows, width)
	if len(x) == 0 {
		return
	}
	if floats.Single[F]() {
		mulHeads32(floats.As32(dst), floats.As32(x), floats.As32(a), heads, rows, width)
		return
	}
	mulHeadsPortable(dst, x, a, heads, rows, width)
}

// MulHeadsTransposed is MulHeads by the transposes, dst[h] = x[h] A[h]^T, which also writes the largest magnitude of
// each row to top [H, R], NaN if there is one.
func MulHeadsTransposed[F Float](dst, top, x, a []F, heads, rows, width int) {
	checkHeads("MulHeadsTransposed", len(x), len(dst), len(a), heads, rows, width)
	if len(top) != heads*rows {
		panic(fmt.Sprintf("simd: MulHeadsTransposed: top has %d elements for %d heads of %d rows", len(top), heads, rows))
	}
	if len(x) == 0 {
		return
	}
	if floats.Single[F]() {
		mulHeadsTransposed32(floats.As32(dst), floats.As32(top), floats.As32(x), floats.As32(a), heads, rows, width)
		return
	}
	mulHeadsTransposedPortable(dst, top, x, a, heads, rows, width)
}

// OuterHeads writes, or adds if add is true, the sum over the rows of each head of their outer products: dst[h] =
// x[h]^T y[h] with x, y [H, R, D] and dst [H, D, D]. dst must not overlap the others.
func OuterHeads[F Float](dst, x, y []F, heads, rows, width int, add bool) {
	checkHeads("OuterHeads", len(x), len(y), len(dst), heads, rows, width)
	if len(x) == 0 {
		return
	}
	if floats.Single[F]() {
		outerHeads32(floats.As32(dst), floats.As32(x), floats.As32(y), heads, rows, width, add)
		return
	}
	outerHeadsPortable(dst, x, y, heads, rows, width, add)
}

func checkHeads(name string, x, y, a, heads, rows, width int) {
	if heads < 0 || rows < 0 || width < 0 || x != heads*rows*width || y != x || a != heads*width*width {
		panic(fmt.Sprintf("simd: %s: %d and %d elements in rows, %d in matrices for %d heads of %d rows of %d", name, x, y, a, heads, rows, width))
	}
}
