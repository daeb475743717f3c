package goom

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"goomtrain/internal/simd"
)

// A Number is one real number of any magnitude: Sign * e^Log. Zero has Log -Inf (the floors of both
// types are understood by the tensors, not here).
type Number struct {
	Log  float64
	Sign float64
}

// NumberOf returns a float as a Number.
func NumberOf(x float64) Number {
	if x < 0 {
		return Number{Log: simd.Log64(-x), Sign: -1}
	}
	return Number{Log: simd.Log64(x), Sign: 1}
}

// IsZero reports whether x is zero.
func (x Number) IsZero() bool { return math.IsInf(x.Log, -1) }

// Float64 is the number as a float: zero or infinite beyond its range.
func (x Number) Float64() float64 { return x.Sign * math.Exp(x.Log) }

// String is Text(6).
func (x Number) String() string { return x.Text(6) }

// resolved is the largest logarithm that still tells a decimal digit: beyond it the neighbours of a
// float64 logarithm differ by more than a factor.
const resolved = 1 << 50

// Text writes the number in decimal with the given count of significant digits, at most 17, and no more
// than the logarithm's precision can tell: "-1.234e+482113". Logarithms beyond 2^50 (numbers beyond
// 10^(4.9*10^14)) do not determine even the leading digit; they are written as a power of ten,
// "10^1.5e+30" or "-10^-2e+20". Zero is "0", the others "NaN", "+Inf" and "-Inf".
func (x Number) Text(digits int) string {
	digits = min(max(digits, 1), 17)
	switch {
	case math.IsNaN(x.Log):
		return "NaN"
	case math.IsInf(x.Log, 1):
		if x.Sign < 0 {
			return "-Inf"
		}
		return "+Inf"
	case x.IsZero():
		return "0"
	}
	sign := ""
	if x.Sign < 0 {
		sign = "-"
	}
	if math.Abs(x.Log) >= resolved {
		return sign + "10^" + strconv.FormatFloat(x.Log/math.Ln10, 'g', digits, 64)
	}
	// log10 in two parts: the integer part may be large, the fraction carries the digits.
	e := math.Floor(x.Log / math.Ln10)
	m := math.Exp(math.FMA(-e, math.Ln10, x.Log) - e*ln10Lo)
	if m >= 10 {
		m, e = m/10, e+1
	} else if m < 1 {
		m, e = m*10, e-1
	}
	if room := int(16.5 - math.Log10(math.Abs(x.Log)+1)); digits > room {
		digits = max(room, 1)
	}
	text := strconv.FormatFloat(m, 'f', digits-1, 64)
	if strings.HasPrefix(text, "10") { // 9.99.. rounded up
		text, e = strconv.FormatFloat(1, 'f', digits-1, 64), e+1
	}
	return sign + text + exponentText(e)
}

const ln10Lo = -2.1707562233822494e-16 // ln 10 - float64(ln 10)

func exponentText(e float64) string {
	if e == 0 {
		return ""
	}
	return fmt.Sprintf("e%+d", int64(e))
}

// ParseNumber reads what Text writes and every decimal floating-point number, with exponents of any
// size: "-1.5e+1000000", "10^2.5e+30", "0", "inf", "nan".
func ParseNumber(text string) (Number, error) {
	bad := func(why string) (Number, error) {
		return Number{}, fmt.Errorf("goom: cannot read the number %q: %s", text, why)
	}
	s := strings.TrimSpace(text)
	x := Number{Sign: 1}
	switch {
	case strings.HasPrefix(s, "-"):
		x.Sign, s = -1, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	if s == "" || s[0] == '+' || s[0] == '-' {
		return bad("no digits")
	}
	if power, ok := strings.CutPrefix(s, "10^"); ok {
		p, err := strconv.ParseFloat(power, 64)
		if err != nil || math.IsNaN(p) {
			return bad("the power of ten is no number")
		}
		x.Log = p * math.Ln10
		return x, nil
	}
	mantissa, exponent := s, 0.0
	if i := strings.IndexAny(s, "eE"); i >= 0 && !strings.ContainsAny(s[:1], "iInN") {
		e, err := strconv.ParseInt(s[i+1:], 10, 64)
		if err != nil {
			return bad("its exponent is no 64-bit integer")
		}
		mantissa, exponent = s[:i], float64(e)
	}
	m, err := strconv.ParseFloat(mantissa, 64)
	if err != nil {
		return bad("write it like -1.5e+1000 or 10^2.5e+30")
	}
	switch {
	case math.IsNaN(m):
		return Number{Log: math.NaN(), Sign: 1}, nil
	case m == 0:
		return Number{Log: math.Inf(-1), Sign: 1}, nil
	}
	x.Log = math.FMA(exponent, math.Ln10, simd.Log64(m)) + exponent*ln10Lo
	return x, nil
}

// Big returns the number as a big.Float of the given precision in bits (0: 64), right to what the
// logarithm's precision can tell. It fails for NaN and where the binary exponent leaves big.Float's
// 32 bits; infinities convert.
func (x Number) Big(prec uint) (*big.Float, error) {
	if prec == 0 {
		prec = 64
	}
	z := new(big.Float).SetPrec(prec)
	switch {
	case math.IsNaN(x.Log):
		return nil, fmt.Errorf("goom: NaN has no big.Float")
	case math.IsInf(x.Log, 1):
		return z.SetInf(x.Sign < 0), nil
	case x.IsZero():
		return z, nil
	}
	e := math.Round(x.Log / ln2)
	if math.Abs(e) > math.MaxInt32-2 {
		return nil, fmt.Errorf("goom: %s does not fit big.Float, whose exponent has 32 bits", x)
	}
	m := math.Exp(math.FMA(-e, ln2, x.Log) - e*ln2Lo)
	return z.SetMantExp(z.SetFloat64(x.Sign*m), int(e)), nil
}

// NumberOfBig returns a big.Float as a Number, its logarithm correct to rounding.
func NumberOfBig(z *big.Float) Number {
	switch {
	case z.Sign() == 0:
		return Number{Log: math.Inf(-1), Sign: 1}
	case z.IsInf():
		return Number{Log: math.Inf(1), Sign: float64(z.Sign())}
	}
	m := new(big.Float)
	e := z.MantExp(m)
	f, _ := m.Float64() // in [0.5, 1) or its negative
	return Scaled{Mant: f, Exp: int64(e)}.Number()
}

// A Scaled is one real number Mant * 2^Exp: an element of a block-scaled matrix. Zero has Mant 0.
type Scaled struct {
	Mant float64
	Exp  int64
}

// Number converts to logarithm and sign; the exponent's share is added in two parts, so that the error
// is that of rounding the logarithm alone.
func (x Scaled) Number() Number {
	if x.Mant == 0 {
		return Number{Log: math.Inf(-1), Sign: 1}
	}
	hi, lo := timesLn2(x.Exp)
	return Number{Log: hi + (lo + simd.Log64(math.Abs(x.Mant))), Sign: math.Copysign(1, x.Mant)}
}

// Float64 is the number as a float: zero or infinite beyond its range.
func (x Scaled) Float64() float64 {
	return math.Ldexp(x.Mant, int(min(max(x.Exp, -1<<20), 1<<20)))
}

// Big returns the number exactly. It fails for NaN and where the exponent leaves big.Float's 32 bits.
func (x Scaled) Big() (*big.Float, error) {
	if math.IsNaN(x.Mant) {
		return nil, fmt.Errorf("goom: NaN has no big.Float")
	}
	if x.Exp > math.MaxInt32-2000 || x.Exp < math.MinInt32+2000 {
		return nil, fmt.Errorf("goom: 2^%d does not fit big.Float, whose exponent has 32 bits", x.Exp)
	}
	z := new(big.Float).SetPrec(53).SetFloat64(x.Mant)
	if z.IsInf() || z.Sign() == 0 {
		return z, nil
	}
	return z.SetMantExp(z, int(x.Exp)), nil
}

// Text writes the number in decimal with up to 15 significant digits, at any exponent: the power of two
// is turned into a power of ten in 160-bit arithmetic, so "9.98e+2776511644261678080" has right digits.
func (x Scaled) Text(digits int) string {
	digits = min(max(digits, 1), 15)
	if x.Mant == 0 || math.IsNaN(x.Mant) || math.IsInf(x.Mant, 0) {
		return Number{Log: math.Log(math.Abs(x.Mant)), Sign: math.Copysign(1, x.Mant)}.Text(digits)
	}
	const prec = 160
	f, exp2 := math.Frexp(x.Mant)
	power := new(big.Float).SetPrec(prec).SetInt64(x.Exp)
	power.Add(power, new(big.Float).SetInt64(int64(exp2)))
	power.Mul(power, log10of2) // log10 of 2^(Exp+exp2)
	whole, _ := power.Int(nil)
	frac, _ := new(big.Float).SetPrec(prec).Sub(power, new(big.Float).SetPrec(prec).SetInt(whole)).Float64()
	m := math.Abs(f) * math.Pow(10, frac)
	for m >= 10 {
		m /= 10
		whole.Add(whole, big.NewInt(1))
	}
	for m < 1 {
		m *= 10
		whole.Sub(whole, big.NewInt(1))
	}
	text := strconv.FormatFloat(math.Copysign(m, f), 'f', digits-1, 64)
	if strings.HasPrefix(strings.TrimPrefix(text, "-"), "10") {
		text = strconv.FormatFloat(math.Copysign(1, f), 'f', digits-1, 64)
		whole.Add(whole, big.NewInt(1))
	}
	if whole.Sign() == 0 {
		return text
	}
	return fmt.Sprintf("%se%+d", text, whole)
}

// String is Text(6).
func (x Scaled) String() string { return x.Text(6) }

var log10of2, _, _ = big.ParseFloat("0.301029995663981195213738894724493026768189881462108541310427461127108189274424509486927", 10, 160, big.ToNearestEven)

// timesLn2 returns e * ln 2 as a float64 and what rounding cost it.
func timesLn2(e int64) (hi, lo float64) {
	f := float64(e)
	hi = f * ln2
	lo = math.FMA(f, ln2, -hi) + f*ln2Lo
	if rest := e - int64(f); e > -1<<62 && e < 1<<62 && rest != 0 { // float64 holds 53 bits of e
		lo += float64(rest) * ln2
	}
	return hi, lo
}
