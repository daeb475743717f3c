package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// With a step of 31 the assembly is off by at most 0.95 (Exp), 0.91 (Log) and 1.50 ulp (Log1p).
var expLog = []function{
	{"Exp", Exp[float32], Exp[float64], math.Exp},
	{"Log", Log[float32], Log[float64], Log64},
	{"Log1p", Log1p[float32], Log1p[float64], math.Log1p},
}

func TestExpLog(t *testing.T) {
	for _, f := range expLog {
		testFunction(t, f)
	}
}

func TestExpSum(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 2))
		for _, n := range []int{0, 1, 5, 8, 16, 31, 1000, 70000} {
			src, dst := make([]float32, n), make([]float32, n)
			var want float64
			for i := range src {
				src[i] = float32(r.NormFloat64())
				want += math.Exp(float64(src[i] - 1.5))
			}
			got := ExpSum(dst, src, 1.5)
			if math.Abs(float64(got)-want) > 1e-6*want {
				t.Errorf("n=%d: sum %v, want %v", n, got, want)
			}
			if only := expSumOnly32(src, 1.5); only != got && math.Abs(float64(only)-want) > 1e-6*want {
				t.Errorf("n=%d: sum alone %v, want %v", n, only, want)
			}
			for i, x := range src {
				if e := ulps(dst[i], math.Exp(float64(x-1.5))); e > 2 {
					t.Fatalf("n=%d: exp(%v) is off by %v ulp", n, x-1.5, e)
				}
			}
		}
	})
}

func TestLogOfSubnormalFloat64(t *testing.T) {
	x := []float64{5e-324}
	if Log(x, x); x[0] != -744.4400719213812 {
		t.Errorf("log(5e-324) = %v", x[0])
	}
}

func TestExpLogPanic(t *testing.T) {
	x := make([]float32, 10)
	testPanics(t, map[string]func(){
		"lengths": func() { Exp(x[:3], x[:4]) },
		"overlap": func() { Log1p(x[1:5], x[:4]) },
		"sum":     func() { ExpSum(x[1:5], x[:4], 0) },
	})
}
