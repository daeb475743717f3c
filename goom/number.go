package goom

import (
	"fmt"
	"math"
	"math/big"

	"goomtrain/internal/simd"
)

// A Number is one real number of any magnitude: Sign * e^Log. Zero has Log -Inf; Floor stands for zero in tensors only.
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

// Big returns the number as a big.Float of the given precision in bits (0: 64), as precisely as the logarithm gives it.
// It fails for NaN and for exponents beyond the 32 bits of a big.Float. Infinities convert.
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
	// 1 is added in the big.Float, so that a number near 1 keeps its distance from 1.
	m := math.Expm1(math.FMA(-e, ln2, x.Log) - e*ln2Lo)
	z.Add(z.SetFloat64(m), big.NewFloat(1))
	if x.Sign < 0 {
		z.Neg(z)
	}
	return z.SetMantExp(z, int(e)), nil
}

// NumberOfBig returns a big.Float as a Number. The logarithm is right to its own rounding, however near to 1 the
// number lies.
func NumberOfBig(z *big.Float) Number {
	switch {
	case z.Sign() == 0:
		return Number{Log: math.Inf(-1), Sign: 1}
	case z.IsInf():
		return Number{Log: math.Inf(1), Sign: float64(z.Sign())}
	}
	m := new(big.Float)
	e := z.MantExp(m) // m in [1/2, 1) or its negative
	if e == 0 || e == 1 {
		m.Abs(z)
		distance, _ := m.SetPrec(m.Prec()+1).Sub(m, big.NewFloat(1)).Float64() // exact before it is rounded once
		return Number{Log: math.Log1p(distance), Sign: float64(z.Sign())}
	}
	f, _ := m.Float64()
	return Scaled{Mant: f, Exp: int64(e)}.Number()
}
