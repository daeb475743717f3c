package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// ShiftRows sets row r of dst to row r of src plus x, for rows of len(x) columns that are strideDst elements apart in dst and
// strideSrc in src. It panics if a slice is too short or a stride is shorter than a row. dst may be src with the same stride,
// but must not overlap it otherwise, nor x.
func ShiftRows[F Float](dst []F, strideDst int, src []F, strideSrc int, x []F, rows int) {
	n := len(x)
	if rows <= 0 || n == 0 {
		return
	}
	checkStrided("ShiftRows", "dst", rows, n, len(dst), strideDst)
	checkStrided("ShiftRows", "src", rows, n, len(src), strideSrc)
	if floats.Single[F]() {
		shiftRows32(floats.As32(dst), strideDst, floats.As32(src), strideSrc, floats.As32(x), rows)
		return
	}
	shiftRowsPortable(dst, strideDst, src, strideSrc, x, rows)
}

// MulMatrices sets dst = x * y, elementwise, for matrices of so many rows and columns whose rows are strideDst, strideX and
// strideY elements apart. It panics if a slice is too short or a stride is shorter than a row. dst may be x or y with the same
// stride, but must not overlap them otherwise.
func MulMatrices[F Float](dst []F, strideDst int, x []F, strideX int, y []F, strideY, rows, columns int) {
	if rows <= 0 || columns <= 0 {
		return
	}
	checkStrided("MulMatrices", "dst", rows, columns, len(dst), strideDst)
	checkStrided("MulMatrices", "x", rows, columns, len(x), strideX)
	checkStrided("MulMatrices", "y", rows, columns, len(y), strideY)
	if floats.Single[F]() {
		mulMatrices32(floats.As32(dst), strideDst, floats.As32(x), strideX, floats.As32(y), strideY, rows, columns)
		return
	}
	mulMatricesPortable(dst, strideDst, x, strideX, y, strideY, rows, columns)
}

// SumRows adds the rows of src to dst, one after the other, for rows of len(dst) columns that are stride elements apart. It
// panics if src is too short or stride is shorter than a row. dst must not overlap src.
func SumRows[F Float](dst, src []F, rows, stride int) {
	n := len(dst)
	if rows <= 0 || n == 0 {
		return
	}
	checkStrided("SumRows", "src", rows, n, len(src), stride)
	if floats.Single[F]() {
		sumRows32(floats.As32(dst), floats.As32(src), rows, stride)
		return
	}
	sumRowsPortable(dst, src, rows, stride)
}

// checkStrided panics unless a matrix holds so many rows and columns.
func checkStrided(name, matrix string, rows, columns, length, stride int) {
	if stride < columns || !floats.Holds(length, rows, columns, stride) {
		panic(fmt.Sprintf("simd: %s: %s has %d elements for %d rows of %d, %d apart", name, matrix, length, rows, columns, stride))
	}
}
