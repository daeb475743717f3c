package goom

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"goomtrain/rng"
)

// The truth here: math/big. ln(1 ± e^d) is right to its own rounding for every distance d of the logarithms: far apart,
// where little is added to 1, close together, where little is left of it, and on both sides of ln 2.
func TestAddPrecision(t *testing.T) {
	r := rng.New(1, "add")
	distances := []float64{1e-300, 1e-20, 1e-16, 1e-9, 2e-9, 1e-8, 1e-3, 0.1, 0.6931, math.Ln2, 0.6932, 1, 30, 36, 37, 40, 700}
	for range 200 {
		distances = append(distances, math.Exp(40*r.Float64()-34))
	}
	for _, d := range distances {
		e := bigExp(bigFloat().SetFloat64(-d))
		for name, c := range map[string]struct {
			got  Tensor[float64]
			want *big.Float
		}{
			"1 + e^-d": {Add(vector(0.0), vector(-d)), bigFloat().Add(big.NewFloat(1), e)},
			"1 - e^-d": {Sub(vector(0.0), vector(-d)), bigFloat().Sub(big.NewFloat(1), e)},
			"e^-d - 1": {Sub(vector(-d), vector(0.0)), bigFloat().Sub(e, big.NewFloat(1))},
		} {
			if err := relative(c.got.Log[0], bigLog(c.want)); err > 6e-16 || c.got.Sign[0] != float64(c.want.Sign()) {
				t.Errorf("%s for d = %v: logarithm %v with sign %v is off by %.3g", name, d, c.got.Log[0], c.got.Sign[0], err)
			}
		}
	}
}

// TestExpInPlace: numbers may be written over their signs or over their logarithms.
func TestExpInPlace(t *testing.T) {
	l := []float32{0, -1, 2, 3.5, -40, float32(math.Inf(-1)), 200, -0.25, 1}
	s := []float32{1, -1, 1, -1, 1, -1, -1, 1, -1}
	want := make([]float32, len(l))
	Exp(want, l, s)
	signs, logs := slices.Clone(s), slices.Clone(l)
	Exp(signs, l, signs)
	Exp(logs, logs, s)
	for i := range want {
		exact := float64(s[i]) * math.Exp(float64(l[i]))
		if off := math.Abs(float64(want[i]) - exact); off > 1e-6*math.Abs(exact) && want[i] != float32(exact) {
			t.Errorf("%v e^%v = %v, want %v", s[i], l[i], want[i], exact)
		}
		for name, got := range map[string]float32{"signs": signs[i], "logarithms": logs[i]} {
			if got != want[i] && math.Abs(float64(got-want[i])) > 1e-6*math.Abs(exact) || math.Signbit(float64(got)) != math.Signbit(float64(want[i])) {
				t.Errorf("%v e^%v over the %s: %v, want %v", s[i], l[i], name, got, want[i])
			}
		}
	}
}
