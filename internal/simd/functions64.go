package simd

import "math"

// The float64 functions exist for checking: loops over package math.

func exp64(dst, src []float64) {
	for i, x := range src {
		dst[i] = math.Exp(x)
	}
}

func log64(dst, src []float64) {
	for i, x := range src {
		dst[i] = Log64(x)
	}
}

func log1p64(dst, src []float64) {
	for i, x := range src {
		dst[i] = math.Log1p(x)
	}
}

// sigmoid takes the exponential of a number that is not positive, so it cannot overflow.
func sigmoid(x float64) float64 {
	z := math.Exp(-math.Abs(x))
	if x < 0 {
		return z / (1 + z)
	}
	return 1 / (1 + z) // and NaN
}

func sigmoid64(dst, src []float64) {
	for i, x := range src {
		dst[i] = sigmoid(x)
	}
}

// logSigmoid is min(x, 0) - log(1 + exp(-|x|)): no overflow, no cancellation.
func logSigmoid(x float64) float64 {
	return min(x, 0) - math.Log1p(math.Exp(-math.Abs(x)))
}

func logSigmoid64(dst, src []float64) {
	for i, x := range src {
		dst[i] = logSigmoid(x)
	}
}

func tanh64(dst, src []float64) {
	for i, x := range src {
		dst[i] = math.Tanh(x)
	}
}

func expSum64(dst, src []float64, c float64) (sum float64) {
	for i, x := range src {
		dst[i] = math.Exp(x - c)
		sum += dst[i]
	}
	return sum
}
