package goom

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A Scaled is one real number Mant * 2^Exp: an element of a block-scaled matrix. Zero has Mant 0.
type Scaled struct {
	Mant float64
	Exp  int64
}

// Number converts to logarithm and sign. The logarithm is right to its own rounding: the exponent's share is added in
// two parts, and the logarithm of a number between 1/2 and 2 is taken as a whole, since its parts would cancel.
func (x Scaled) Number() Number {
	if x.Mant == 0 || x.Mant-x.Mant != 0 {
		return NumberOf(x.Mant)
	}
	m, k := math.Frexp(math.Abs(x.Mant))
	m, e := 2*m, addExp(x.Exp, int64(k-1)) // m in [1, 2)
	if e == -1 {
		m, e = m/2, 0
	}
	hi, lo := timesLn2(e)
	return Number{Log: hi + (lo + math.Log(m)), Sign: math.Copysign(1, x.Mant)}
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
		return x.Number().Text(digits)
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
