//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func layerNorm32(dst, x, weight, bias []float32, eps float32) (mean, rstd float32) {
	if !cpu.AVX2 {
		return layerNormPortable(dst, x, weight, bias, eps)
	}
	return layerNormAVX2(&dst[0], &x[0], &weight[0], &bias[0], len(x), eps)
}

func layerNormBackward32(dx, dy, x, weight []float32, mean, rstd float32, dweight, dbias []float32) {
	if !cpu.AVX2 {
		layerNormBackwardPortable(dx, dy, x, weight, mean, rstd, dweight, dbias)
		return
	}
	layerNormBackwardAVX2(&dx[0], &dy[0], &x[0], &weight[0], &dweight[0], &dbias[0], len(x), mean, rstd)
}
