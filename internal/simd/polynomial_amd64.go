//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func polynomial32(value, slope, x, c []float32) {
	if !cpu.AVX2 || len(c) == 1 {
		polynomialPortable(value, slope, x, c)
		return
	}
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		if slope == nil {
			polynomialAVX2(&value[0], &x[0], n, &c[0], len(c)-1)
		} else {
			polynomialSlopeAVX2(&value[0], &slope[0], &x[0], n, &c[0], len(c)-1)
			slope = slope[n:]
		}
		value, x = value[n:], x[n:]
	}
}
