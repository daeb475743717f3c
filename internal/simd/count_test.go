package simd

import (
	"math"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestCountBelow(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		testCountBelow[float32](t)
		testCountBelow[float64](t)
	})
}

func testCountBelow[F Float](t *testing.T) {
	const least = 1e-6
	for _, n := range lengths() {
		x, below, magnitudes := make([]F, n), 0, 0
		for i := range x {
			x[i] = F(specials[(i*7+n)%len(specials)])
			if !(x[i] >= least) {
				below++
			}
			if !(math.Abs(float64(x[i])) >= least) {
				magnitudes++
			}
		}
		if got := CountBelow(x, least); got != below {
			t.Fatalf("%T: %d of %d below, want %d", x, got, n, below)
		}
		if got := CountAbsBelow(x, least); got != magnitudes {
			t.Fatalf("%T: %d magnitudes of %d below, want %d", x, got, n, magnitudes)
		}
	}
}
