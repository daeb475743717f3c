package simd

// Exp sets dst[i] = exp(src[i]).
func Exp[F Float](dst, src []F) {
	checkMap("Exp", dst, src)
	if single[F]() {
		exp32(as32(dst), as32(src))
	} else {
		expPortable(dst, src)
	}
}

// Log sets dst[i] to the natural logarithm of src[i].
func Log[F Float](dst, src []F) {
	checkMap("Log", dst, src)
	if single[F]() {
		log32(as32(dst), as32(src))
	} else {
		logPortable(dst, src)
	}
}

// Log1p sets dst[i] = log(1 + src[i]), accurate near 0.
func Log1p[F Float](dst, src []F) {
	checkMap("Log1p", dst, src)
	if single[F]() {
		log1p32(as32(dst), as32(src))
	} else {
		log1pPortable(dst, src)
	}
}

// Sigmoid sets dst[i] = 1 / (1 + exp(-src[i])).
func Sigmoid[F Float](dst, src []F) {
	checkMap("Sigmoid", dst, src)
	if single[F]() {
		sigmoid32(as32(dst), as32(src))
	} else {
		sigmoidPortable(dst, src)
	}
}

// LogSigmoid sets dst[i] = -log(1 + exp(-src[i])), finite wherever the result is.
func LogSigmoid[F Float](dst, src []F) {
	checkMap("LogSigmoid", dst, src)
	if single[F]() {
		logSigmoid32(as32(dst), as32(src))
	} else {
		logSigmoidPortable(dst, src)
	}
}

// Tanh sets dst[i] to the hyperbolic tangent of src[i].
func Tanh[F Float](dst, src []F) {
	checkMap("Tanh", dst, src)
	if single[F]() {
		tanh32(as32(dst), as32(src))
	} else {
		tanhPortable(dst, src)
	}
}

// ExpSum sets dst[i] = exp(src[i] - c) and returns the sum of dst: with c the maximum, the numerator
// and the denominator of a softmax.
func ExpSum[F Float](dst, src []F, c F) F {
	checkMap("ExpSum", dst, src)
	if single[F]() {
		return F(expSum32(as32(dst), as32(src), float32(c)))
	}
	return expSumPortable(dst, src, c)
}
