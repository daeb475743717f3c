package simd

import (
	"math"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// specials are zeros, subnormal numbers, infinities, NaN and numbers of all sizes.
var specials = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-45, -1e-40, 3e38, float32(math.Inf(-1)), float32(math.Inf(1)), float32(math.NaN()),
	0.7, -123.456, 2e-38, -5e-7, 88, -104}

// The truth here is package math in float64, element by element, at every length around the kernels' steps and on
// every special value.
func TestSignedExpAndLogAbs(t *testing.T) { simdtest.OnEachPath(t, testSignedExpAndLogAbs) }

func testSignedExpAndLogAbs(t *testing.T) {
	for n := range 41 {
		x, s, l, dst := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = specials[(i*7+n)%len(specials)]
		}
		const c, least = 2.5, 1e-6
		below, want := LogAbs(l, s, x, c, least), 0
		for i, v := range x {
			wantLog := math.Log(math.Abs(float64(v))) + c
			if got := float64(l[i]); !(math.Abs(got-wantLog) <= 3e-7*math.Max(1, math.Abs(wantLog))) && got != wantLog && !(math.IsNaN(got) && math.IsNaN(wantLog)) {
				t.Fatalf("n = %d: log|%v| + c = %v, want %v", n, v, got, wantLog)
			}
			if s[i] != float32(math.Copysign(1, float64(v))) {
				t.Fatalf("n = %d: sign of %v is %v", n, v, s[i])
			}
			if !(math.Abs(float64(v)) >= least) {
				want++
			}
		}
		if below != want {
			t.Fatalf("n = %d: %d below, want %d", n, below, want)
		}
		for i := range s { // any sign, any logarithm
			s[i] = float32(1 - 2*(i%2))
		}
		SignedExp(dst, x, s, c)
		for i, v := range x {
			w := float64(s[i]) * math.Exp(float64(v)-c)
			got := float64(dst[i])
			if got == float64(float32(w)) || (math.IsNaN(got) && math.IsNaN(w)) {
				continue
			}
			if !(math.Abs(got-w) <= 4e-7*math.Abs(w)+1e-44) {
				t.Fatalf("n = %d: %v * exp(%v - c) = %v, want %v", n, s[i], v, got, w)
			}
		}
		in := append([]float32(nil), x...)
		LogAbs(in, s, in, c, least) // in place
		for i := range in {
			if in[i] != l[i] && !math.IsNaN(float64(l[i])) {
				t.Fatalf("n = %d: in place %v, apart %v", n, in[i], l[i])
			}
		}
	}
}

func TestLogAbsOfFloat64(t *testing.T) {
	x := []float64{1, -2, 5e-324, 0}
	l, s := make([]float64, 4), make([]float64, 4)
	if n := LogAbs(l, s, x, 1, 1e-300); n != 2 || l[1] != math.Log(2)+1 || s[1] != -1 || l[2] != -743.4400719213812 || !math.IsInf(l[3], -1) {
		t.Errorf("%v %v, %d below", l, s, n)
	}
}
