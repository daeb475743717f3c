//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func rmsNorm32(dst, x, weight, rstd []float32, d int, scale, eps float32) {
	if !cpu.AVX2 {
		rmsNormPortable(dst, x, weight, rstd, d, scale, eps)
		return
	}
	for len(rstd) > 0 {
		rows := min(len(rstd), 1+maxPiece/d)
		if weight == nil {
			l2NormAVX2(&dst[0], &x[0], &rstd[0], d, rows, scale, eps)
		} else {
			rmsNormAVX2(&dst[0], &x[0], &rstd[0], &weight[0], d, rows, scale, eps)
		}
		dst, x, rstd = dst[rows*d:], x[rows*d:], rstd[rows:]
	}
}

func rmsNormBackward32(dx, dy, x, weight, rstd []float32, d int, scale float32, dweight []float32) {
	if !cpu.AVX2 {
		rmsNormBackwardPortable(dx, dy, x, weight, rstd, d, scale, dweight)
		return
	}
	for len(rstd) > 0 {
		rows := min(len(rstd), 1+maxPiece/d)
		if weight == nil {
			l2NormBackwardAVX2(&dx[0], &dy[0], &x[0], &rstd[0], d, rows, scale)
		} else {
			rmsNormBackwardAVX2(&dx[0], &dy[0], &x[0], &rstd[0], &weight[0], &dweight[0], d, rows, scale)
		}
		dx, dy, x, rstd = dx[rows*d:], dy[rows*d:], x[rows*d:], rstd[rows:]
	}
}
