package simd

import (
	"math"
	"testing"
)

// The truth here: package math in float64, element by element, at every length around the kernels' steps and on
// every special value.
func TestSignedExpAndLogAbs(t *testing.T) {
	inf := float32(math.Inf(1))
	values := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-45, -1e-40, 3e38, -inf, inf, float32(math.NaN()), 0.7, -123.456, 2e-38, -5e-7, 88, -104}
	for n := range 41 {
		x, s, l, dst := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = values[(i*7+n)%len(values)]
		}
		const c, least = 2.5, 1e-6
		doubtful, want := LogAbs(l, s, x, c, least), 0
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
		below := 0
		for _, v := range x {
			if !(v >= least) {
				below++
			}
		}
		if got := CountBelow(x, least); got != below {
			t.Fatalf("n = %d: %d below, want %d", n, got, below)
		}
		if got := CountAbsBelow(x, least); got != want {
			t.Fatalf("n = %d: %d magnitudes below, want %d", n, got, want)
		}
		if doubtful != want {
			t.Fatalf("n = %d: %d doubtful, want %d", n, doubtful, want)
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
	x := []float64{1, -2, 5e-324, 0}
	if a, b := CountBelow(x, 1e-300), CountAbsBelow(x, 1e-300); a != 3 || b != 2 {
		t.Errorf("float64: %d below, %d magnitudes below, want 3 and 2", a, b)
	}
	l, s := make([]float64, 4), make([]float64, 4)
	if n := LogAbs(l, s, x, 1, 1e-300); n != 2 || l[1] != math.Log(2)+1 || s[1] != -1 || math.Abs(l[2]+743.4400719213812) > 1e-9 || !math.IsInf(l[3], -1) {
		t.Errorf("float64: %v %v, %d doubtful", l, s, n)
	}
}
