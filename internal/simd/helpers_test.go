package simd

import (
	"math"
	"strings"
	"testing"

	"goomtrain/internal/simd/floats"
)

// rowLengths are lengths around the vectors and the steps of the loops.
var rowLengths = []int{1, 2, 5, 7, 8, 9, 16, 17, 31, 32, 33, 64, 100, 256, 1000}

// within checks that got is want, with a tolerance relative to the largest magnitude.
func within[F Float](t *testing.T, what string, got []F, want []float64, tolerance float64) {
	t.Helper()
	var size, off float64
	for i := range want {
		size, off = max(size, math.Abs(want[i])), max(off, math.Abs(float64(got[i])-want[i]))
	}
	if !(off <= tolerance*max(size, 0.1)) {
		t.Fatalf("%T %s of %d: off by %g where the largest is %g", got, what, len(want), off, size)
	}
}

func tolerance[F Float]() float64 {
	if floats.Single[F]() {
		return 3e-6
	}
	return 1e-12
}

// differences is the gradient of loss with respect to x by central differences.
func differences(x []float64, loss func() float64) []float64 {
	const h = 1e-5
	g := make([]float64, len(x))
	for i, u := range x {
		x[i] = u + h
		up := loss()
		x[i] = u - h
		g[i] = (up - loss()) / (2 * h)
		x[i] = u
	}
	return g
}

// alike checks that got is want, where NaN equals NaN.
func alike[F Float](t *testing.T, what string, got, want []F) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// testPanics checks that each of the calls is refused by this package. The index checks of a portable twin do not count:
// the assembly has none.
func testPanics(t *testing.T, calls map[string]func()) {
	t.Helper()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if message, _ := recover().(string); !strings.HasPrefix(message, "simd: ") {
					t.Errorf("panic %q, want one of this package", message)
				}
			}()
			call()
		})
	}
}

// sameBits reports whether x and y are the same number, with the sign of a zero, or both NaN.
func sameBits[F Float](x, y F) bool {
	return math.Float64bits(float64(x)) == math.Float64bits(float64(y)) || x != x && y != y
}
