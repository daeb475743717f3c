package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// The truth is a sum of powers in float64.
func TestPolynomial(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { testPolynomial[float32](t, 1e-6) })
		t.Run("float64", func(t *testing.T) { testPolynomial[float64](t, 1e-15) })
	})
}

func testPolynomial[F Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 7, 8, 33, 100} {
		for terms := 1; terms <= 9; terms++ {
			x, c := make([]F, n), make([]F, terms)
			for i := range x {
				x[i] = F(2*r.Float64() - 1)
			}
			for p := range c {
				c[p] = F(r.NormFloat64())
			}
			value, alone, slope := make([]F, n), append([]F(nil), x...), make([]F, n)
			Polynomial(value, slope, x, c)
			Polynomial(alone, nil, alone, c)
			for i, v := range x {
				wantValue, wantSlope, scale := 0.0, 0.0, 0.0
				for p, a := range c {
					wantValue += float64(a) * math.Pow(float64(v), float64(p))
					if p > 0 {
						wantSlope += float64(p) * float64(a) * math.Pow(float64(v), float64(p-1))
					}
					scale += float64(p+1) * math.Abs(float64(a))
				}
				if math.Abs(float64(value[i])-wantValue) > tolerance*scale || math.Abs(float64(slope[i])-wantSlope) > 4*tolerance*scale || alone[i] != value[i] {
					t.Fatalf("%d terms at %v: %v and %v (%v without slope), want %v and %v", terms, v, value[i], slope[i], alone[i], wantValue, wantSlope)
				}
			}
		}
	}
}

func TestPolynomialPanics(t *testing.T) {
	x := make([]float32, 8)
	testPanics(t, map[string]func(){
		"no coefficients":    func() { Polynomial(x, nil, x, nil) },
		"one output for two": func() { Polynomial(x, x, make([]float32, 8), []float32{1, 2}) },
		"length of slope":    func() { Polynomial(x, make([]float32, 7), x, []float32{1, 2}) },
	})
}
