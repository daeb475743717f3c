package simd

import "math"

// The portable functions: float64 mathematics, rounded once. They serve float64 everywhere and float32 without
// assembly.

func expPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(math.Exp(float64(x)))
	}
}

func logPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(Log64(float64(x)))
	}
}

func log1pPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = F(math.Log1p(float64(x)))
	}
}

// expSumPortable sums in float64.
func expSumPortable[F Float](dst, src []F, c F) F {
	var sum float64
	for i, x := range src {
		dst[i] = F(math.Exp(float64(x - c)))
		sum += float64(dst[i])
	}
	return F(sum)
}

func expSumOnlyPortable[F Float](src []F, c F) F {
	var sum float64
	for _, x := range src {
		sum += math.Exp(float64(x - c))
	}
	return F(sum)
}

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
	return 1 / (1 + z) // and NaN
}

// logSigmoid is min(x, 0) - log(1 + exp(-|x|)): no overflow, no cancellation.
func logSigmoid(x float64) float64 {
	return min(x, 0) - math.Log1p(math.Exp(-math.Abs(x)))
}
