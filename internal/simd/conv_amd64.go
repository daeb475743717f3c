//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func conv32(dst, src, w, bias []float32, s ConvShape) {
	if !cpu.AVX2 {
		convPortable(dst, src, w, bias, s)
		return
	}
	convPieces(len(bias), s, func(r, rows int) {
		convAVX2(&dst[r*s.StrideDst], &src[r*s.StrideSrc], &w[0], &bias[0], len(bias), rows, s.Taps, 4*s.StrideDst, 4*s.StrideSrc, 4*s.StrideW)
	})
}

func convSiLU32(dst, src, w, bias []float32, s ConvShape) {
	if !cpu.AVX2 {
		convSiLUPortable(dst, src, w, bias, s)
		return
	}
	convPieces(len(bias), s, func(r, rows int) {
		convSiLUAVX2(&dst[r*s.StrideDst], &src[r*s.StrideSrc], &w[0], &bias[0], len(bias), rows, s.Taps, 4*s.StrideDst, 4*s.StrideSrc, 4*s.StrideW)
	})
}

func convSiLUBackward32(dst, dy, src, w, bias []float32, s ConvShape) {
	if !cpu.AVX2 {
		convSiLUBackwardPortable(dst, dy, src, w, bias, s)
		return
	}
	convPieces(len(bias), s, func(r, rows int) {
		convSiLUBackwardAVX2(&dst[r*s.StrideDst], &dy[r*s.StrideDY], &src[r*s.StrideSrc], &w[0], &bias[0], len(bias), rows, s.Taps,
			4*s.StrideDst, 4*s.StrideDY, 4*s.StrideSrc, 4*s.StrideW)
	})
}

func convWeights32(dw, dy, src []float32, n int, s ConvShape) {
	if !cpu.AVX2 {
		convWeightsPortable(dw, dy, src, n, s)
		return
	}
	convPieces(n, s, func(r, rows int) {
		convWeightsAVX2(&dw[0], &dy[r*s.StrideDY], &src[r*s.StrideSrc], n, rows, s.Taps, 4*s.StrideW, 4*s.StrideDY, 4*s.StrideSrc)
	})
}

// convPieces calls body on pieces of the rows, as many as one call of a kernel may have.
func convPieces(n int, s ConvShape, body func(r, rows int)) {
	step := 1 + maxPiece/(n*s.Taps)
	for r := 0; r < s.Rows; r += step {
		body(r, min(step, s.Rows-r))
	}
}

func addProducts32(dst, x, y []float32, rows, strideX, strideY int) {
	if !cpu.AVX2 {
		addProductsPortable(dst, x, y, rows, strideX, strideY)
		return
	}
	step := 1 + maxPiece/len(dst)
	for r := 0; r < rows; r += step {
		addProductsAVX2(&dst[0], &x[r*strideX], &y[r*strideY], len(dst), min(step, rows-r), 4*strideX, 4*strideY)
	}
}
