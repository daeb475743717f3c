//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func add32(dst, x, y []float32) {
	if !cpu.AVX2 {
		addPortable(dst, x, y)
		return
	}
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		addAVX2(&dst[0], &x[0], &y[0], n)
		dst, x, y = dst[n:], x[n:], y[n:]
	}
}

func mul32(dst, x, y []float32) {
	if !cpu.AVX2 {
		mulPortable(dst, x, y)
		return
	}
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		mulAVX2(&dst[0], &x[0], &y[0], n)
		dst, x, y = dst[n:], x[n:], y[n:]
	}
}

func scale32(dst []float32, alpha float32, x []float32) {
	if !cpu.AVX2 {
		scalePortable(dst, alpha, x)
		return
	}
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		scaleAVX2(&dst[0], &x[0], n, alpha)
		dst, x = dst[n:], x[n:]
	}
}

func addScaled32(dst []float32, alpha float32, x []float32) {
	if !cpu.AVX2 {
		addScaledPortable(dst, alpha, x)
		return
	}
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		addScaledAVX2(&dst[0], &x[0], n, alpha)
		dst, x = dst[n:], x[n:]
	}
}

func scaleAddMaxAbs32(dst []float32, a float32, x []float32, b float32, y []float32) float32 {
	if !cpu.AVX2 {
		return scaleAddMaxAbsPortable(dst, a, x, b, y)
	}
	var best float32
	for len(x) > 0 {
		n := min(len(x), maxPiece)
		best = max(best, scaleAddMaxAbsAVX2(&dst[0], &x[0], &y[0], n, a, b)) // the built-in max keeps NaN
		dst, x, y = dst[n:], x[n:], y[n:]
	}
	return best
}

func reciprocal32(dst, x []float32) { mapPieces(dst, x, reciprocalAVX2, reciprocalPortable) }
