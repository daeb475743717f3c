package simd

import (
	"math"
	"testing"
)

// With a step of 31 the assembly is off by at most 0.97 (Sigmoid), 1.69 (LogSigmoid) and 1.42 ulp (Tanh). The
// definitions of sigmoid and logSigmoid in float64 are compared with simpler ones below.
var sigmoids = []function{
	{"Sigmoid", Sigmoid[float32], Sigmoid[float64], sigmoid},
	{"LogSigmoid", LogSigmoid[float32], LogSigmoid[float64], logSigmoid},
	{"Tanh", Tanh[float32], Tanh[float64], math.Tanh},
}

func TestSigmoids(t *testing.T) {
	for _, f := range sigmoids {
		testFunction(t, f)
	}
}

func TestSigmoidInFloat64(t *testing.T) {
	for _, x := range []float64{-30, -3, -0.5, 0, 0.5, 3, 30} {
		if got, want := sigmoid(x), 1/(1+math.Exp(-x)); math.Abs(got-want) > 1e-15*want {
			t.Errorf("sigmoid(%v) = %v, want %v", x, got, want)
		}
		if got, want := logSigmoid(x), -math.Log1p(math.Exp(-x)); math.Abs(got-want) > 1e-15*math.Abs(want) {
			t.Errorf("logSigmoid(%v) = %v, want %v", x, got, want)
		}
	}
}
