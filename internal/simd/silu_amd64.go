//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func silu32(dst, src []float32) { mapPieces(dst, src, siluAVX2, siluPortable[float32]) }

func siluBackward32(dx, dy, x []float32) {
	if !cpu.AVX2 {
		siluBackwardPortable(dx, dy, x)
		return
	}
	for lo := 0; lo < len(x); lo += maxPiece {
		siluBackwardAVX2(&dx[lo], &dy[lo], &x[lo], min(maxPiece, len(x)-lo))
	}
}

func siluGate32(dst, up, gate []float32) {
	if !cpu.AVX2 {
		siluGatePortable(dst, up, gate)
		return
	}
	for lo := 0; lo < len(gate); lo += maxPiece {
		siluGateAVX2(&dst[lo], &up[lo], &gate[lo], min(maxPiece, len(gate)-lo))
	}
}

func siluGateBackward32(dup, dgate, dy, up, gate []float32) {
	if !cpu.AVX2 {
		siluGateBackwardPortable(dup, dgate, dy, up, gate)
		return
	}
	for lo := 0; lo < len(gate); lo += maxPiece {
		siluGateBackwardAVX2(&dup[lo], &dgate[lo], &dy[lo], &up[lo], &gate[lo], min(maxPiece, len(gate)-lo))
	}
}
