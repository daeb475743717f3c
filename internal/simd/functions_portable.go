package simd

import "math"

// The portable float32 functions: float64 mathematics rounded once.

func expPortable(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(math.Exp(float64(x)))
	}
}

func logPortable(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(math.Log(float64(x)))
	}
}

func log1pPortable(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(math.Log1p(float64(x)))
	}
}

func sigmoidPortable(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(sigmoid(float64(x)))
	}
}

func logSigmoidPortable(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(logSigmoid(float64(x)))
	}
}

func tanhPortable(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(math.Tanh(float64(x)))
	}
}

func expSumPortable(dst, src []float32, c float32) float32 {
	var sum float64
	for i, x := range src {
		y := float32(math.Exp(float64(x - c)))
		dst[i] = y
		sum += float64(y)
	}
	return float32(sum)
}
