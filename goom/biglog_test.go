package goom

import (
	"math"
	"math/big"
)

// Logarithms of big numbers, the truth of the tests of texts and conversions.

// bigPrecision is what bigLog computes with. Arguments may lie within 2^-1100 of 1.
const bigPrecision = 3000

func bigFloat() *big.Float { return new(big.Float).SetPrec(bigPrecision) }

// bigLog is ln|z|: z = m 2^e with m in [2/3, 4/3), and ln m = 2 atanh((m-1)/(m+1)), a series in powers of at most 1/25.
func bigLog(z *big.Float) *big.Float {
	m := bigFloat()
	e := bigFloat().Abs(z).MantExp(m)
	if m.Cmp(big.NewFloat(2.0/3)) < 0 {
		m.SetMantExp(m, 1)
		e--
	}
	return bigFloat().Add(bigFloat().Mul(bigLn2, bigFloat().SetInt64(int64(e))), atanhSeries(m))
}

// atanhSeries is ln m.
func atanhSeries(m *big.Float) *big.Float {
	one := bigFloat().SetInt64(1)
	x := bigFloat().Quo(bigFloat().Sub(m, one), bigFloat().Add(m, one))
	square, power, sum := bigFloat().Mul(x, x), bigFloat().Set(x), bigFloat()
	for k := int64(1); power.Sign() != 0 && power.MantExp(nil) > x.MantExp(nil)-400; k += 2 {
		sum.Add(sum, bigFloat().Quo(power, bigFloat().SetInt64(k)))
		power.Mul(power, square)
	}
	return sum.Mul(sum, bigFloat().SetInt64(2))
}

var (
	bigLn2  = atanhSeries(bigFloat().SetInt64(2))
	bigLn10 = bigLog(bigFloat().SetInt64(10))
)

// relative is the distance of a float64 from a big number, relative to it; a number below the smallest float64 may
// be that or zero.
func relative(got float64, want *big.Float) float64 {
	if want.Sign() == 0 {
		return math.Abs(got)
	}
	if math.IsNaN(got) || math.IsInf(got, 0) {
		return math.Inf(1)
	}
	d := bigFloat().Sub(bigFloat().SetFloat64(got), want)
	if d.MantExp(nil) < -1072 {
		return 0
	}
	r, _ := d.Quo(d, want).Float64()
	return math.Abs(r)
}

// bigExp is e^x for |x| up to a thousand: the Taylor series of a small power, squared back.
func bigExp(x *big.Float) *big.Float {
	const squarings = 60
	y := bigFloat().SetMantExp(x, -squarings)
	term, sum := bigFloat().SetInt64(1), bigFloat().SetInt64(1)
	for k := int64(1); k < 70; k++ { // terms fall by 2^50 and more
		term.Quo(term.Mul(term, y), bigFloat().SetInt64(k))
		sum.Add(sum, term)
	}
	for range squarings {
		sum.Mul(sum, sum)
	}
	return sum
}
