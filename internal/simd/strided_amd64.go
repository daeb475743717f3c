//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func shiftRows32(dst []float32, strideDst int, src []float32, strideSrc int, x []float32, rows int) {
	if !cpu.AVX2 {
		shiftRowsPortable(dst, strideDst, src, strideSrc, x, rows)
		return
	}
	for r, step := 0, max(1, maxPiece/len(x)); r < rows; r += step {
		shiftRowsAVX2(&dst[r*strideDst], &src[r*strideSrc], &x[0], len(x), min(step, rows-r), 4*strideDst, 4*strideSrc)
	}
}

func mulMatrices32(dst []float32, strideDst int, x []float32, strideX int, y []float32, strideY, rows, columns int) {
	if !cpu.AVX2 {
		mulMatricesPortable(dst, strideDst, x, strideX, y, strideY, rows, columns)
		return
	}
	for r, step := 0, max(1, maxPiece/columns); r < rows; r += step {
		mulMatricesAVX2(&dst[r*strideDst], &x[r*strideX], &y[r*strideY], columns, min(step, rows-r), 4*strideDst, 4*strideX, 4*strideY)
	}
}

func sumRows32(dst, src []float32, rows, stride int) {
	if !cpu.AVX2 {
		sumRowsPortable(dst, src, rows, stride)
		return
	}
	for r, step := 0, max(1, maxPiece/len(dst)); r < rows; r += step {
		sumRowsAVX2(&dst[0], &src[r*stride], len(dst), min(step, rows-r), 4*stride)
	}
}
