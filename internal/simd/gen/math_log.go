package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// logCoefficients is log(1+f) = f + f²(c0 + c1 f + ...) for |f| <= 1/3, fitted as expCoefficients is.
var logCoefficients = []float64{-0.5, 0.33333215, -0.24999802, 0.20010445, -0.16680317, 0.1400534, -0.12186468, 0.13986707, -0.12882605}

// logarithm is log(2^-k * (1+f)) + correction for integers k: f + f²P(f) + correction - k ln 2. It subtracts k ln 2, so
// that log1p(-0) is -0.
func logarithm(f, k vec, correction *vec) vec {
	r, square := polynomial("log", logCoefficients, f), YMM()
	VMULPS(f, f, square)
	if correction != nil {
		VFMADD213PS(*correction, square, r)
		VADDPS(f, r, r)
	} else {
		VFMADD213PS(f, square, r)
	}
	VFNMADD231PS(constant("ln2", math.Ln2), k, r)
	return r
}

// exponentOf is the exponent of u, as its bits in their place, that leaves a mantissa within [2/3, 4/3).
func exponentOf(u vec) vec {
	e := YMM()
	VPSUBD(constant("twoThirds", 0.6666666667), u, e)
	VPAND(bitsConstant("exponentMask", 0xff800000), e, e)
	return e
}

// negated is -e as a float, for exponent bits e.
func negated(e vec) vec {
	k := YMM()
	VPXOR(k, k, k)
	VPSUBD(e, k, k)
	VCVTDQ2PS(k, k)
	VMULPS(constant("twoToMinus23", 0x1p-23), k, k)
	return k
}

// log returns the logarithm of x.
func log(x vec) vec {
	// subnormal numbers are scaled up
	small, u := YMM(), YMM()
	VCMPPS(Imm(cmpLessSignalling), loaded(bitsConstant("smallestNormal", 0x00800000)), x, small)
	VMULPS(constant("twoTo23", 1<<23), x, u)
	VBLENDVPS(small, u, x, u)
	e := exponentOf(u)
	VPSUBD(e, u, u)
	VSUBPS(constant("one", 1), u, u)
	VANDPS(constant("twentyThree", 23), small, small)
	k := negated(e)
	VADDPS(small, k, k)
	return special(x, logarithm(u, k, nil), constant("zero", 0))
}

// log1p returns log(1+x): the exponent is that of the rounded 1+x, the mantissa is built from x itself.
func log1p(x vec) vec {
	f, k := onePlus(x)
	return special(x, logarithm(f, k, nil), constant("minusOne", -1))
}

// onePlus gives 1+x = 2^-k * (1+f), f rounded at most once and exact for small x.
func onePlus(x vec) (f, k vec) {
	u := YMM()
	VADDPS(constant("one", 1), x, u)
	e := exponentOf(u)
	// 2^(2-e): its exponent is normal even if e is 128
	s := YMM()
	VMOVUPS(constant("four", 4), s)
	VPSUBD(e, s, s)
	f = YMM()
	VPSUBD(e, x, f) // x * 2^-e
	// plus 2^-e - 1; subtracting 1 - 2^-e instead keeps the sign of -0
	VFNMADD213PS(constant("one", 1), loaded(constant("quarter", 0.25)), s)
	VSUBPS(s, f, f)
	return f, negated(e)
}

// special returns the logarithm result of a function with its pole at the given x, and replaces it where there is no
// finite one: NaN below the pole, -infinity at it; infinity and NaN stay.
func special(x, result vec, pole Mem) vec {
	p := loaded(pole)
	inside, finite, other, is := YMM(), YMM(), YMM(), YMM()
	VCMPPS(Imm(cmpGreater), p, x, inside)                                         // x > pole
	VCMPPS(Imm(cmpLess), loaded(bitsConstant("infinity", 0x7f800000)), x, finite) // x < infinity
	VANDPS(finite, inside, inside)
	VADDPS(x, x, other)
	VCMPPS(Imm(cmpLess), p, x, is) // x < pole
	VBLENDVPS(is, loaded(bitsConstant("nan", 0x7fc00000)), other, other)
	VCMPPS(Imm(cmpEqual), p, x, is)
	VBLENDVPS(is, loaded(bitsConstant("minusInfinity", 0xff800000)), other, other)
	VBLENDVPS(inside, result, other, other)
	return other
}

// logSigmoid returns min(x, 0) - log(1 + exp(-|x|)).
func logSigmoid(x vec) vec {
	e, z, zLow := expPair(minusAbs(x))
	e.scale(z, zLow)
	f, k := onePlus(z)
	// the low part of z has the factor 1/(1+z), for which a straight line is accurate enough
	slope := loaded(constant("slope0", 0.97))
	VFNMADD231PS(constant("slope1", 0.49), z, slope)
	VMULPS(slope, zLow, zLow)
	r := logarithm(f, k, &zLow)
	low := YMM()
	VXORPS(low, low, low)
	VMINPS(x, low, low) // NaN passes
	VSUBPS(r, low, low)
	return low
}
