//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func gelu32(dst, src []float32) {
	mapPieces(dst, src, widest(geluAVX512, geluAVX2), geluPortable[float32])
}

func geluBackward32(dx, dy, x []float32) {
	if !cpu.AVX2 {
		geluBackwardPortable(dx, dy, x)
		return
	}
	for lo := 0; lo < len(x); lo += maxPiece {
		n := min(maxPiece, len(x)-lo)
		if cpu.AVX512 {
			geluBackwardAVX512(&dx[lo], &dy[lo], &x[lo], n)
		} else {
			geluBackwardAVX2(&dx[lo], &dy[lo], &x[lo], n)
		}
	}
}
