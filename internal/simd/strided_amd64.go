//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

// widestRow is the number of columns that one call gets, so that it has several rows.
const widestRow = maxPiece / 16

func shiftRows32(dst []float32, strideDst int, src []float32, strideSrc int, x []float32, rows int) {
	if !cpu.AVX2 {
		shiftRowsPortable(dst, strideDst, src, strideSrc, x, rows)
		return
	}
	for j := 0; j < len(x); j += widestRow {
		n := min(widestRow, len(x)-j)
		for r, step := 0, maxPiece/n; r < rows; r += step {
			shiftRowsAVX2(&dst[r*strideDst+j], &src[r*strideSrc+j], &x[j], n, min(step, rows-r), 4*strideDst, 4*strideSrc)
		}
	}
}

func mulMatrices32(dst []float32, strideDst int, x []float32, strideX int, y []float32, strideY, rows, columns int) {
	if !cpu.AVX2 {
		mulMatricesPortable(dst, strideDst, x, strideX, y, strideY, rows, columns)
		return
	}
	for j := 0; j < columns; j += widestRow {
		n := min(widestRow, columns-j)
		for r, step := 0, maxPiece/n; r < rows; r += step {
			mulMatricesAVX2(&dst[r*strideDst+j], &x[r*strideX+j], &y[r*strideY+j], n, min(step, rows-r), 4*strideDst, 4*strideX, 4*strideY)
		}
	}
}

func sumRows32(dst, src []float32, rows, stride int) {
	if !cpu.AVX2 {
		sumRowsPortable(dst, src, rows, stride)
		return
	}
	for j := 0; j < len(dst); j += widestRow {
		n := min(widestRow, len(dst)-j)
		for r, step := 0, maxPiece/n; r < rows; r += step {
			sumRowsAVX2(&dst[j], &src[r*stride+j], n, min(step, rows-r), 4*stride)
		}
	}
}
