//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func exp32(dst, src []float32)   { mapPieces(dst, src, widest(expAVX512, expAVX2), expPortable[float32]) }
func log32(dst, src []float32)   { mapPieces(dst, src, widest(logAVX512, logAVX2), logPortable[float32]) }
func log1p32(dst, src []float32) { mapPieces(dst, src, log1pAVX2, log1pPortable[float32]) }

func expSum32(dst, src []float32, c float32) float32 {
	if !cpu.AVX2 {
		return expSumPortable(dst, src, c)
	}
	var sum float64 // of the pieces' sums: long sums lose less
	for len(src) > 0 {
		n := min(len(src), maxPiece)
		sum += float64(expSumAVX2(&dst[0], &src[0], n, c))
		dst, src = dst[n:], src[n:]
	}
	return float32(sum)
}

func expSumOnly32(src []float32, c float32) float32 {
	if !cpu.AVX2 {
		return expSumOnlyPortable(src, c)
	}
	var sum float64
	for len(src) > 0 {
		n := min(len(src), maxPiece)
		sum += float64(expSumOnlyAVX2(&src[0], n, c))
		src = src[n:]
	}
	return float32(sum)
}
