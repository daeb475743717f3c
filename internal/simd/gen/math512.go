package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// widePolynomial loads the coefficients into registers and returns a function that evaluates them by Horner's rule.
func widePolynomial(name string, coefficients []float64) func(x vec) vec {
	c := make([]vec, len(coefficients))
	for i, v := range coefficients {
		c[i] = everywhere(constant(fmt.Sprintf("%s%d", name, i), v))
	}
	return func(x vec) vec {
		q := ZMM()
		VMOVAPS(c[len(c)-1], q)
		for i := len(c) - 2; i >= 0; i-- {
			VFMADD213PS(c[i], x, q)
		}
		return q
	}
}

// wideExp returns exp for vectors of 512 bits, with the same bits: the operations are the same up to the last, in which
// one instruction multiplies by 2^n and rounds once, as the two multiplications of exp do.
func wideExp() func(x vec) vec {
	highest, lowest := everywhere(constant("expHighest", 89)), everywhere(constant("expLowest", -104))
	magic, log2e := everywhere(constant("magic", 3<<22)), everywhere(constant("log2e", math.Log2E))
	ln2hi, ln2lo := everywhere(constant("ln2hi", 0.693359375)), everywhere(constant("ln2lo", -2.12194440e-4))
	one, polynomial := everywhere(constant("one", 1)), widePolynomial("exp", expCoefficients)
	return func(x vec) vec {
		VMINPS(x, highest, x) // the order lets NaN pass
		VMAXPS(x, lowest, x)
		n := ZMM()
		VMOVAPS(magic, n)
		VFMADD231PS(log2e, x, n)
		VSUBPS(magic, n, n)
		VFNMADD231PS(ln2hi, n, x)
		VFNMADD231PS(ln2lo, n, x)
		q := polynomial(x)
		VMULPS(x, q, q)
		VMULPS(x, q, q)
		VADDPS(x, q, q)
		VADDPS(one, q, q)
		VSCALEFPS(n, q, q)
		return q
	}
}

// wideLog returns log for vectors of 512 bits, with the same bits.
func wideLog() func(x vec) vec {
	normal, two23 := everywhere(bitsConstant("smallestNormal", 0x00800000)), everywhere(constant("twoTo23", 1<<23))
	twoThirds, exponents := everywhere(constant("twoThirds", 0.6666666667)), everywhere(bitsConstant("exponentMask", 0xff800000))
	one, ln2 := everywhere(constant("one", 1)), everywhere(constant("ln2", math.Ln2))
	twentyThree, zero := everywhere(constant("twentyThree", 23)), everywhere(constant("zero", 0))
	infinity, minusInfinity := everywhere(bitsConstant("infinity", 0x7f800000)), everywhere(bitsConstant("minusInfinity", 0xff800000))
	nan, polynomial := everywhere(bitsConstant("nan", 0x7fc00000)), widePolynomial("log", logCoefficients)
	return func(x vec) vec {
		u, e, k, small := ZMM(), ZMM(), ZMM(), K()
		VCMPPS(Imm(cmpLessSignalling), normal, x, small) // subnormal: scaled up
		VMOVAPS(x, u)
		VMULPS(two23, x, small, u)
		VPSUBD(twoThirds, u, e)
		VPANDD(exponents, e, e)
		VPSUBD(e, u, u)
		VSUBPS(one, u, u)
		VPSRAD(Imm(23), e, k)
		VCVTDQ2PS(k, k)
		VSUBPS(twentyThree, k, small, k)
		r, square := polynomial(u), ZMM()
		VMULPS(u, u, square)
		VFMADD213PS(u, square, r)
		VFMADD231PS(ln2, k, r)
		// infinity and NaN stay; negative numbers give NaN, zeros -infinity
		special := K()
		VCMPPS(Imm(cmpNotLess), infinity, x, special) // not x < infinity
		VADDPS(x, x, special, r)
		VCMPPS(Imm(cmpLess), zero, x, special) // x < 0
		VMOVAPS(nan, special, r)
		VCMPPS(Imm(cmpEqual), zero, x, special)
		VMOVAPS(minusInfinity, special, r)
		return r
	}
}

// wideSigmoid returns sigmoid for vectors of 512 bits, with the same bits: the operations are the same.
func wideSigmoid() func(x vec) vec {
	sign, lowest := everywhere(bitsConstant("sign", 1<<31)), everywhere(constant("expLowest", -104))
	magic, log2e := everywhere(constant("magic", 3<<22)), everywhere(constant("log2e", math.Log2E))
	ln2hi, ln2lo := everywhere(constant("ln2hi", 0.693359375)), everywhere(constant("ln2lo", -2.12194440e-4))
	lowestExponent, bias := everywhere(bitsConstant("lowestExponent", uint32(0xffffff82))), everywhere(bitsConstant("exponentBias", 127))
	below := everywhere(bitsConstant("beyond", 126+127))
	one, polynomial := everywhere(constant("one", 1)), widePolynomial("exp", expCoefficients)
	return func(x vec) vec {
		// exp(-|x|) = 2^n (high + low)
		negative, r, n, whole := K(), ZMM(), ZMM(), ZMM()
		VPTESTMD(sign, x, negative)
		VPORD(sign, x, r)
		VMAXPS(r, lowest, r) // the order lets NaN pass
		VMOVAPS(magic, n)
		VFMADD231PS(log2e, r, n)
		VSUBPS(magic, n, whole)
		VPSUBD(magic, n, n)
		VFNMADD231PS(ln2hi, whole, r)
		VFNMADD231PS(ln2lo, whole, r)
		c, high, low := polynomial(r), ZMM(), ZMM()
		VMULPS(r, c, c)
		VMULPS(r, c, c)
		VADDPS(r, c, c)
		VADDPS(one, c, high)
		VSUBPS(high, one, low)
		VADDPS(c, low, low)
		w, d, dLow := ZMM(), ZMM(), ZMM()
		VPMAXSD(lowestExponent, n, w)
		VPADDD(bias, w, w)
		VPSLLD(Imm(23), w, w)
		// 1 + z
		VMOVAPS(one, d)
		VFMADD231PS(w, high, d)
		VSUBPS(d, one, dLow)
		VFMADD231PS(w, high, dLow)
		VFMADD231PS(w, low, dLow)
		// the numerator is z/2^n if x < 0, else 1, and the power of two is 2^n or 1
		VBLENDMPS(high, one, negative, high)
		VBLENDMPS(w, one, negative, w)
		VMOVAPS_Z(low, negative, low)
		VMOVDQA32_Z(n, negative, n)
		y, q := wideInverse(d, one), ZMM()
		VMULPS(high, y, q)
		VFNMADD231PS(q, d, high)
		VADDPS(low, high, high)
		VFNMADD231PS(q, dLow, high)
		VFMADD231PS(high, y, q)
		VMULPS(w, q, q)
		VPADDD(below, n, n)
		VPMINSD(bias, n, n)
		VPSLLD(Imm(23), n, n)
		VMULPS(n, q, q)
		return q
	}
}

// wideInverse returns 1/x. The division is done in halves, because a processor divides 16 floats in more than the time of
// twice eight.
func wideInverse(x, one vec) vec {
	y, high := ZMM(), YMM()
	VEXTRACTF64X4(Imm(1), x, high)
	VDIVPS(high, one.AsY(), high)
	VDIVPS(x.AsY(), one.AsY(), y.AsY())
	VINSERTF64X4(Imm(1), high, y, y)
	return y
}

// wideGates is gates for vectors of 512 bits, with the same bits.
func wideGates(x []vec) []vec {
	each := func(f func(i int)) {
		for i := range x {
			f(i)
		}
	}
	highest, lowest := everywhere(constant("gateHighest", 87)), everywhere(constant("gateLowest", -87))
	magic, log2e := everywhere(constant("magic", 3<<22)), everywhere(constant("log2e", math.Log2E))
	ln2hi, ln2lo := everywhere(constant("ln2hi", 0.693359375)), everywhere(constant("ln2lo", -2.12194440e-4))
	one := everywhere(constant("one", 1))
	n, q := make([]vec, len(x)), make([]vec, len(x))
	each(func(i int) { VMINPS(x[i], highest, x[i]) }) // the order of the operands lets NaN pass
	each(func(i int) { VMAXPS(x[i], lowest, x[i]) })
	each(func(i int) {
		n[i] = ZMM()
		VMOVAPS(magic, n[i])
		VFNMADD231PS(log2e, x[i], n[i])
	})
	each(func(i int) {
		whole := ZMM()
		VSUBPS(magic, n[i], whole)
		VFMADD231PS(ln2hi, whole, x[i])
		VFMADD231PS(ln2lo, whole, x[i])
	})
	last := len(expCoefficients) - 1
	for k := last; k >= 0; k-- {
		c := everywhere(gateCoefficient(k))
		each(func(i int) {
			if k == last {
				q[i] = ZMM()
				VMOVAPS(c, q[i])
				return
			}
			VFMADD213PS(c, x[i], q[i])
		})
	}
	each(func(i int) {
		square := ZMM()
		VMULPS(x[i], x[i], square)
		VFMSUB213PS(x[i], square, q[i]) // exp(-x') - 1
		VADDPS(one, q[i], q[i])
	})
	each(func(i int) {
		VPSLLD(Imm(23), n[i], n[i])
		VPADDD(n[i], q[i], q[i])
		VADDPS(one, q[i], q[i])
	})
	each(func(i int) { n[i] = wideInverse(q[i], one) })
	return n
}
