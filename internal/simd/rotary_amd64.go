//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

// rotateHeads32 leaves to the portable function heads with numbers that stay as they are.
func rotateHeads32(dst, x, cos, sin []float32, width int, back bool) {
	if !cpu.AVX2 || width != 2*len(cos) {
		rotateHeadsPortable(dst, x, cos, sin, width, back)
		return
	}
	for len(x) > 0 {
		heads := min(len(x)/width, 1+maxPiece/width)
		rotateHeadsAVX2(&dst[0], &x[0], &cos[0], &sin[0], len(cos), heads, back)
		dst, x = dst[heads*width:], x[heads*width:]
	}
}
