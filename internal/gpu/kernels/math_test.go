package kernels

import (
	_ "embed"
	"math"
	"testing"

	"goomtrain/internal/gpu"
)

//go:embed testdata/elementary.ptx
var elementaryText string

var elementary = gpu.Module{Name: "elementary", Text: elementaryText}

// elementaryFunctions are those of math.h, in the order of testdata/elementary.cu.
var elementaryFunctions = []struct {
	name string
	of   func(x float64) float64
}{
	{"exp", math.Exp},
	{"ln", math.Log},
	{"ln(1+x)", math.Log1p},
	{"sigmoid", func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
	{"ln sigmoid", func(x float64) float64 { return min(x, 0) - math.Log1p(math.Exp(-math.Abs(x))) }},
}

// elementaryArguments are numbers of every exponent and sign, those around the ends of ranges, and all that is special.
func elementaryArguments() (xs []float32) {
	for high := range uint32(1 << 9) { // sign and exponent
		for i := range uint32(1024) {
			xs = append(xs, math.Float32frombits(high<<23|i*0x2003^i)) // mantissas from 0 on
		}
		xs = append(xs, math.Float32frombits(high<<23|0x7fffff))
	}
	for _, around := range []float32{1, 2, math.Sqrt2, math.Sqrt2 / 2, -1, 88.72284, -87.33655, -103.27893, -103.97208, 16, -16} {
		bits := math.Float32bits(around)
		for i := range uint32(200) {
			xs = append(xs, math.Float32frombits(bits-100+i))
		}
	}
	for i := range 4000 { // where exp neither overflows nor vanishes
		xs = append(xs, float32(i)*0.05-104+float32(i%7)*0.001)
	}
	return xs
}

// TestElementary: each function is within 2 units in the last place of its value in float64, also where that is denormal,
// and infinite or NaN where that is.
func TestElementary(t *testing.T) {
	xs := elementaryArguments()
	n := len(xs)
	b := newBench(t)
	y := room(b, len(elementaryFunctions)*n)
	b.Launch(b.Function(&elementary, "elementary"), flat(n), gpu.Line(threads), uint64(n), ptr(put(b, xs)), ptr(y))
	got := get[float32](b, y, len(elementaryFunctions)*n)
	for f, function := range elementaryFunctions {
		worst, at := 0.0, 0
		for i, x := range xs {
			g, want := got[f*n+i], function.of(float64(x))
			if d := ulps(g, want); !(d <= worst) {
				worst, at = d, i
			}
		}
		if t.Logf("%s: off by at most %.2f units in the last place", function.name, worst); !(worst <= 2) {
			t.Errorf("%s of %v (%#x) is %v, want %v: off by %.2f units in the last place", function.name, xs[at], math.Float32bits(xs[at]), got[f*n+at], function.of(float64(xs[at])), worst)
		}
	}
}

// ulps returns the distance from want in units in the last place of float32, infinite if one alone is not a number or not finite.
func ulps(got float32, want float64) float64 {
	switch narrow := float32(want); {
	case got == narrow || got != got && narrow != narrow:
		return 0
	case got-got != 0 || narrow-narrow != 0:
		return math.Inf(1)
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}
