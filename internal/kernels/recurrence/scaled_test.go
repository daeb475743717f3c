package recurrence

import (
	"math"
	"testing"
)

// TestAddScaled: a row far below the exponent of the other counts if its mantissas make up for that.
func TestAddScaled(t *testing.T) {
	for _, c := range []struct {
		x, y    float32
		ex, ey  int64
		log2Sum float64
	}{
		{0x1p-31, 0x1p126, 150, 0, 150 - 24 + math.Log2(1+0x1p-7)},
		{0x1p126, 0x1p-31, 0, 150, 150 - 24 + math.Log2(1+0x1p-7)},
		{1, 1, 1000, 0, 1000},
		{1, 0x1p-126, -1e6, 0, -126},
		{0, 3, 1000, 0, math.Log2(3)},
		{0x1p-31, 0x1p127, 120, 0, 120 + 7 + math.Log2(1+0x1p-38)},
	} {
		dst := make([]float32, 2)
		largest, e := addScaled(dst, []float32{0, c.x}, c.ex, 1, []float32{0, c.y}, c.ey)
		if got := math.Log2(float64(dst[1])) + float64(e); dst[0] != 0 || dst[1] != largest || math.Abs(got-c.log2Sum) > 1e-6 {
			t.Errorf("%v*2^%d + %v*2^%d = %v*2^%d, want a logarithm of %v", c.x, c.ex, c.y, c.ey, dst, e, c.log2Sum)
		}
	}
}

// TestAddScaledCancels: what remains of operands that cancel but for their last digits has a mantissa in the range of
// scales, and no digit is lost.
func TestAddScaledCancels(t *testing.T) {
	const c, y = 1 + 0x1p-23, -(1 - 0x1p-23) // c y = -(1 - 2^-46)
	for _, e := range []int64{0, 7, -1 << 40, 1 << 40} {
		for _, to := range []int64{0, 60, -60} { // the same number with other mantissas
			x := float32(math.Ldexp(1, int(to)))
			dst := make([]float32, 3)
			largest, got := addScaled(dst, []float32{0, x, x}, e-to, c, []float32{0, y, y}, e)
			if dst[0] != 0 || dst[1] != largest || dst[2] != largest || !(largest >= smallestScale && largest <= largestScale) {
				t.Errorf("mantissas %v, the largest %v", dst, largest)
			}
			if log2 := math.Log2(float64(largest)); log2+float64(got-e) != -46 {
				t.Errorf("2^%d (1 - (1 - 2^-46)) = 2^%v, want 2^%d", e, log2+float64(got), e-46)
			}
		}
	}
	dst := []float32{5, 5}
	if largest, e := addScaled(dst, []float32{1, 2}, 3, 1, []float32{-8, -16}, 0); largest != 0 || e != 0 || dst[0] != 0 || dst[1] != 0 {
		t.Errorf("operands that cancel: %v*2^%d, the largest %v, want zeros with exponent 0", dst, e, largest)
	}
}

// TestPower: a factor is safe only if the product of it with the largest mantissa is no larger than gradients may be.
func TestPower(t *testing.T) {
	for _, e := range []int64{-5000, -300, -91, -90, -1, 0, 1, 30, 68, 69, 90, 91, 5000} {
		for _, largest := range []float32{smallestScale, 1, largestScale} {
			factor, safe := power[float32](1, e, largest)
			exact := math.Ldexp(1, int(e))
			if want := e >= -90 && exact*float64(largest) <= math.Ldexp(1, 100) && e <= 90 || e < -300; safe != want {
				t.Errorf("power(1, %d, %v): safe %v, want %v", e, largest, safe, want)
			} else if safe && float64(factor) != exact && (e > -300 || factor != 0) {
				t.Errorf("power(1, %d, %v) = %v", e, largest, factor)
			}
		}
	}
	if _, safe := power(float32(math.NaN()), -5000, 1); safe {
		t.Error("a factor of NaN is no 0")
	}
}
