//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

// maxPiece is the number of elements that one call of an assembly function gets, because it cannot be preempted:
// some tens of microseconds.
const maxPiece = 1 << 16

// mapPieces runs an elementwise kernel, or its portable function on a machine without AVX2.
func mapPieces(dst, src []float32, kernel func(dst, src *float32, n int), portable func(dst, src []float32)) {
	if !cpu.AVX2 {
		portable(dst, src)
		return
	}
	for len(src) > 0 {
		n := min(len(src), maxPiece)
		kernel(&dst[0], &src[0], n)
		dst, src = dst[n:], src[n:]
	}
}

// widest returns the kernel for the widest vectors of the machine, which has AVX2.
func widest[T any](avx512, avx2 T) T {
	if cpu.AVX512 {
		return avx512
	}
	return avx2
}
