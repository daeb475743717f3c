//go:build amd64 && !noasm

package peak

import "goomtrain/internal/simd/cpu"

// widestLoop returns the loop for the machine's widest vectors and the number of float32 in one of them; nil if
// the machine lacks fused multiply-adds.
func widestLoop() (loop func(n int), lanes int) {
	switch {
	case cpu.AVX512:
		return fmaAVX512, 16
	case cpu.AVX2:
		return fmaAVX2, 8
	}
	return nil, 0
}
