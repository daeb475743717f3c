package ptx

import "math"

func f32(v uint64) float32    { return math.Float32frombits(uint32(v)) }
func f64(v uint64) float64    { return math.Float64frombits(v) }
func bits64(f float64) uint64 { return math.Float64bits(f) }

// nan32 is the NaN that every operation on float32 gives.
const nan32 = 0x7fffffff

func bits32(f float32) uint64 {
	if f != f {
		return nan32
	}
	return uint64(math.Float32bits(f))
}

// A mode is a direction of rounding.
type mode int

const (
	nearest mode = iota // ties to even
	zero
	down
	up
)

var modes = map[string]mode{"rn": nearest, "rz": zero, "rm": down, "rp": up}

// odd is x, or, if x is not the exact value, the neighbor of x on the side of the exact value or x itself, whichever has an
// odd significand. rest has the sign of the exact value minus x. A value rounded to odd in float64 can be rounded
// again, to float32, as if it were exact.
func odd(x, rest float64) float64 {
	if rest == 0 || rest != rest || math.IsInf(x, 0) {
		return x
	}
	u := math.Float64bits(x)
	if u&1 == 1 {
		return x
	}
	if x == 0 {
		return math.Copysign(math.SmallestNonzeroFloat64, rest)
	}
	if (rest > 0) == (x > 0) {
		u++
	} else {
		u--
	}
	return math.Float64frombits(u)
}

// round32 rounds x, which is exact or rounded to odd.
func round32(x float64, m mode) float32 {
	f := float32(x)
	if m == nearest || x != x || math.IsInf(x, 0) {
		return f
	}
	above := float64(f) > x
	below := float64(f) < x
	switch {
	case above && (m == down || m == zero && x > 0):
		return math.Nextafter32(f, float32(math.Inf(-1)))
	case below && (m == up || m == zero && x < 0):
		return math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

// add32 is a + b.
func add32(a, b float32, m mode) float32 {
	x := float64(a) + float64(b) // exact for all but distant exponents
	if x == 0 && a != 0 && m == down {
		return float32(math.Copysign(0, -1)) // 1 - 1
	}
	if x == 0 && m == down && (math.Signbit(float64(a)) || math.Signbit(float64(b))) {
		return float32(math.Copysign(0, -1))
	}
	return round32(odd(x, sumRest(float64(a), float64(b), x)), m)
}

// sumRest is the exact a + b - x, where x is the sum rounded to float64.
func sumRest(a, b, x float64) float64 {
	t := x - a
	return (a - (x - t)) + (b - t)
}

// mul32 is a * b, which float64 holds exactly.
func mul32(a, b float32, m mode) float32 { return round32(float64(a)*float64(b), m) }

// div32 is a / b.
func div32(a, b float32, m mode) float32 {
	x := float64(a) / float64(b)
	if b == 0 || math.IsInf(float64(b), 0) || math.IsInf(float64(a), 0) {
		return float32(x)
	}
	rest := math.FMA(-x, float64(b), float64(a)) // exact: a - x*b
	if b < 0 {
		rest = -rest
	}
	return round32(odd(x, rest), m)
}

// sqrt32 is the square root.
func sqrt32(a float32, m mode) float32 {
	x := math.Sqrt(float64(a))
	if a <= 0 || math.IsInf(x, 0) {
		return float32(x)
	}
	return round32(odd(x, math.FMA(-x, x, float64(a))), m)
}

// fma32 is a*b + c, rounded once.
func fma32(a, b, c float32, m mode) float32 {
	p, q := float64(a)*float64(b), float64(c) // p is exact
	x := p + q
	if x == 0 && m == down && p != 0 {
		return float32(math.Copysign(0, -1))
	}
	if x == 0 && m == down && (math.Signbit(p) || math.Signbit(q)) {
		return float32(math.Copysign(0, -1))
	}
	return round32(odd(x, sumRest(p, q, x)), m)
}

// minimum returns the smaller number: of NaN and a number the number; -0 is below 0.
func minimum[F float32 | float64](a, b F) F {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return min(a, b)
}

// maximum is like minimum.
func maximum[F float32 | float64](a, b F) F {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return max(a, b)
}

// flush replaces a subnormal number by a zero of its sign.
func flush(a float32) float32 {
	if a > -0x1p-126 && a < 0x1p-126 {
		return float32(math.Copysign(0, float64(a)))
	}
	return a
}

// clamped returns the number of 0...1 that is nearest; of NaN 0.
func clamped[F float32 | float64](a F) F {
	if !(a > 0) {
		return 0
	}
	return min(a, 1)
}
