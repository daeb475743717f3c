//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func countBelow32(x []float32, least float32) int {
	return countPieces(x, least, countBelowAVX2, countBelowPortable[float32])
}

func countAbsBelow32(x []float32, least float32) int {
	return countPieces(x, least, countAbsBelowAVX2, countAbsBelowPortable[float32])
}

// countPieces adds a kernel's counts over the pieces of x.
func countPieces(x []float32, least float32, kernel func(x *float32, n int, least float32) float32,
	portable func(x []float32, least float32) int) (count int) {
	if !cpu.AVX2 {
		return portable(x, least)
	}
	for len(x) > 0 {
		n := min(len(x), maxPiece) // a count up to this is exact in float32
		count += int(kernel(&x[0], n, least))
		x = x[n:]
	}
	return count
}
