package simd

import "math"

// The functions are computed in float64 and rounded once.

func sigmoidPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(sigmoid(float64(x)))
	}
}

func logSigmoidPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(logSigmoid(float64(x)))
	}
}

func tanhPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(math.Tanh(float64(x)))
	}
}

// sigmoid takes the exponential of a number that is not positive, so it cannot overflow.
func sigmoid(x float64) float64 {
	z := math.Exp(-math.Abs(x))
	if x < 0 {
		return z / (1 + z)
	}
	return 1 / (1 + z) // NaN too
}

// logSigmoid is min(x, 0) - log(1 + exp(-|x|)), without overflow or cancellation.
func logSigmoid(x float64) float64 {
	return min(x, 0) - math.Log1p(math.Exp(-math.Abs(x)))
}
