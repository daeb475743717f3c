package simd

import "goomtrain/internal/simd/floats"

// Exp sets dst[i] = exp(src[i]).
func Exp[F Float](dst, src []F) {
	checkMap("Exp", dst, src)
	if floats.Single[F]() {
		exp32(floats.As32(dst), floats.As32(src))
		return
	}
	expPortable(dst, src)
}

// Log sets dst[i] to the natural logarithm of src[i].
func Log[F Float](dst, src []F) {
	checkMap("Log", dst, src)
	if floats.Single[F]() {
		log32(floats.As32(dst), floats.As32(src))
		return
	}
	logPortable(dst, src)
}

// Log1p sets dst[i] = log(1 + src[i]), accurate near 0.
func Log1p[F Float](dst, src []F) {
	checkMap("Log1p", dst, src)
	if floats.Single[F]() {
		log1p32(floats.As32(dst), floats.As32(src))
		return
	}
	log1pPortable(dst, src)
}

// ExpSum sets dst[i] = exp(src[i] - c) and returns the sum of dst: with c the maximum of src, the numerators and
// the denominator of a softmax.
func ExpSum[F Float](dst, src []F, c F) F {
	checkMap("ExpSum", dst, src)
	if floats.Single[F]() {
		return F(expSum32(floats.As32(dst), floats.As32(src), float32(c)))
	}
	return expSumPortable(dst, src, c)
}

// expSumOnly returns the sum of exp(src[i] - c).
func expSumOnly[F Float](src []F, c F) F {
	if floats.Single[F]() {
		return F(expSumOnly32(floats.As32(src), float32(c)))
	}
	return expSumOnlyPortable(src, c)
}
