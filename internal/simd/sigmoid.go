package simd

import "goomtrain/internal/simd/floats"

// Sigmoid sets dst[i] = 1 / (1 + exp(-src[i])).
func Sigmoid[F Float](dst, src []F) {
	checkMap("Sigmoid", dst, src)
	if floats.Single[F]() {
		sigmoid32(floats.As32(dst), floats.As32(src))
		return
	}
	sigmoidPortable(dst, src)
}

// LogSigmoid sets dst[i] = -log(1 + exp(-src[i])), finite wherever the result is.
func LogSigmoid[F Float](dst, src []F) {
	checkMap("LogSigmoid", dst, src)
	if floats.Single[F]() {
		logSigmoid32(floats.As32(dst), floats.As32(src))
		return
	}
	logSigmoidPortable(dst, src)
}

// Tanh sets dst[i] to the hyperbolic tangent of src[i].
func Tanh[F Float](dst, src []F) {
	checkMap("Tanh", dst, src)
	if floats.Single[F]() {
		tanh32(floats.As32(dst), floats.As32(src))
		return
	}
	tanhPortable(dst, src)
}
