package simd

import "goomtrain/internal/simd/floats"

// Polynomial sets value[i] to the sum over p of c[p] x[i]^p and slope[i], unless slope is nil, to its derivative, by
// Horner's rule. value or slope, but not both, may be x. It panics if there are no coefficients.
func Polynomial[F Float](value, slope, x, c []F) {
	checkMap("Polynomial", value, x)
	if slope != nil {
		checkMap("Polynomial", slope, x)
		if floats.Share(value, slope) {
			panicOverlap("Polynomial")
		}
	}
	if len(c) == 0 {
		panicEmpty("Polynomial")
	}
	if len(x) == 0 {
		return
	}
	if floats.Single[F]() {
		polynomial32(floats.As32(value), floats.As32(slope), floats.As32(x), floats.As32(c))
		return
	}
	polynomialPortable(value, slope, x, c)
}
