package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestLog64OfSubnormals compares with logarithms of 40 digits.
func TestLog64OfSubnormals(t *testing.T) {
	for _, c := range []struct{ x, want float64 }{
		{5e-324, -744.4400719213812623141072984460816341130},
		{1e-323, -743.7469247408213170046900663246234575450},
		{1.5e-323, -743.3414596327131526227120532091591084084},
		{1e-320, -736.8272408909739061509869056719317789905},
		{1e-315, -725.3143042946427066581219347202661408633},
		{1e-310, -713.8013788281541651006446006623883741382},
		{3.5e-309, -710.2460307666647485977062266357341144873},
		{1.1125369292536007e-308, -709.0895657128240515338284602517146291412},
		{2.2250738585072009e-308, -708.3964185322641064464558330552877853097},
	} {
		if got := Log64(c.x); ulps64(got, c.want) > 1 {
			t.Errorf("Log64(%v) = %v, want %v", c.x, got, c.want)
		}
	}
}

// TestLog64OfScaledSubnormals holds log x against log(x * 2^k) - k ln 2, which is right to an ulp or two.
func TestLog64OfScaledSubnormals(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		x := math.Float64frombits(1 + r.Uint64N(1<<52-1)>>r.Uint64N(52))
		if got, want := Log64(x), math.Log(x*0x1p54)-54*math.Ln2; ulps64(got, want) > 2 {
			t.Fatalf("Log64(%v) = %v, want %v", x, got, want)
		}
	}
}

// TestLog64OfEverythingElse holds Log64 to the bits of math.Log.
func TestLog64OfEverythingElse(t *testing.T) {
	for _, x := range []float64{0, math.Copysign(0, -1), 0x1p-1022, 1e-300, 0.5, 1, 2, 10, math.MaxFloat64, math.Inf(1), -5e-324, -1, math.Inf(-1), math.NaN()} {
		if got, want := Log64(x), math.Log(x); math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("Log64(%v) = %v, want %v", x, got, want)
		}
	}
}

// TestOtherLogarithmsOfSubnormals says why only the natural logarithm has a function of its own.
func TestOtherLogarithmsOfSubnormals(t *testing.T) {
	if x := math.Log2(5e-324); x != -1074 {
		t.Errorf("math.Log2(5e-324) = %v", x)
	}
	if x := math.Log1p(5e-324); x != 5e-324 {
		t.Errorf("math.Log1p(5e-324) = %v", x)
	}
}

// ulps64 is the distance between x and y, finite and not zero, in units of y's last place.
func ulps64(x, y float64) float64 {
	return math.Abs(x-y) / math.Abs(math.Nextafter(y, 2*y)-y)
}
