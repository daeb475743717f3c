package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// RotateHeads turns pairs of numbers of each head by angles of which cos and sin [D] are given (arXiv 2104.09864): with
// x, dst [H, K] number i and number i + D of a head are a pair, and what is behind the 2D numbers of the pairs stays as
// it is:
//
//	dst_i = x_i cos_i - x_{i+D} sin_i    dst_{i+D} = x_{i+D} cos_i + x_i sin_i
//
// back turns by the negative angles, the gradient. dst may be x, and must not overlap cos and sin.
func RotateHeads[F Float](dst, x, cos, sin []F, heads int, back bool) {
	checkMap("RotateHeads", dst, x)
	if len(sin) != len(cos) || heads < 0 || heads == 0 && len(x) > 0 || heads > 0 && (len(x)%heads != 0 || len(x)/heads < 2*len(cos)) {
		panic(fmt.Sprintf("simd: RotateHeads: %d elements for %d heads, %d cosines, %d sines", len(x), heads, len(cos), len(sin)))
	}
	if len(x) == 0 {
		return
	}
	if floats.Share(dst, cos) || floats.Share(dst, sin) {
		panicOverlap("RotateHeads")
	}
	if floats.Single[F]() {
		rotateHeads32(floats.As32(dst), floats.As32(x), floats.As32(cos), floats.As32(sin), len(x)/heads, back)
		return
	}
	rotateHeadsPortable(dst, x, cos, sin, len(x)/heads, back)
}
