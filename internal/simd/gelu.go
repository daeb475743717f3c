package simd

import "goomtrain/internal/simd/floats"

// GELU sets dst[i] = x sigmoid(u), where x = src[i] and u = 2 sqrt(2/pi) (x + 0.044715 x^3): the Gaussian error linear
// unit in the form of GPT-2 (arXiv 1606.08415, section 2). Minus infinity gives 0.
func GELU[F Float](dst, src []F) {
	checkMap("GELU", dst, src)
	if floats.Single[F]() {
		gelu32(floats.As32(dst), floats.As32(src))
		return
	}
	geluPortable(dst, src)
}

// GELUBackward is the gradient of GELU: with s = sigmoid(u), dx[i] = dy[i] * s * (1 + (1-s) x du/dx). dx may be dy or x.
func GELUBackward[F Float](dx, dy, x []F) {
	checkMap("GELUBackward", dx, dy)
	checkMap("GELUBackward", dx, x)
	if floats.Single[F]() {
		geluBackward32(floats.As32(dx), floats.As32(dy), floats.As32(x))
		return
	}
	geluBackwardPortable(dx, dy, x)
}
