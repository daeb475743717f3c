package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// expCoefficients is exp(r) = 1 + r + r²(c0 + c1 r + ...) for |r| <= ln(2)/2: a minimax polynomial, fitted with weights
// (Lawson's iteration). The coefficients are rounded to float32 one after the other, and each is fitted again after
// the rounding of those before it.
var expCoefficients = []float64{0.5, 0.16666666, 0.041666463, 0.008333571, 0.0013935084, 0.00019739462}

// polynomial evaluates coefficients at x by Horner's rule.
func polynomial(name string, coefficients []float64, x vec) vec {
	q := YMM()
	last := len(coefficients) - 1
	VMOVUPS(constant(fmt.Sprintf("%s%d", name, last), coefficients[last]), q)
	for i := last - 1; i >= 0; i-- {
		VFMADD213PS(constant(fmt.Sprintf("%s%d", name, i), coefficients[i]), x, q)
	}
	return q
}

// reduced is exp(x) = 2^n * (1 + r + c) with |r| <= ln(2)/2 and c = r²(1/2 + ...).
type reduced struct {
	n    vec // integers
	r, c vec
}

// reduce splits exp(x); x is used up and must be within [-104, 89] or NaN.
func reduce(x vec) reduced {
	// adding 1.5*2^23 rounds to an integer, which is then in the low bits
	magic := constant("magic", 3<<22)
	n, whole := YMM(), YMM()
	VMOVUPS(magic, n)
	VFMADD231PS(constant("log2e", math.Log2E), x, n)
	VSUBPS(magic, n, whole)
	VPSUBD(magic, n, n)
	// ln 2 in two parts, the first of which has few bits, so that its products are exact
	VFNMADD231PS(constant("ln2hi", 0.693359375), whole, x)
	VFNMADD231PS(constant("ln2lo", -2.12194440e-4), whole, x)
	q := polynomial("exp", expCoefficients, x)
	VMULPS(x, q, q)
	VMULPS(x, q, q)
	return reduced{n: n, r: x, c: q}
}

// scale multiplies each v by 2^n, in two steps because n may be beyond the exponents of normal numbers.
func (e reduced) scale(v ...vec) {
	half, rest := YMM(), YMM()
	VPSRAD(Imm(1), e.n, half)
	VPSUBD(half, e.n, rest)
	for _, i := range []vec{half, rest} {
		VPADDD(bitsConstant("exponentBias", 127), i, i)
		VPSLLD(Imm(23), i, i)
	}
	for _, x := range v {
		VMULPS(half, x, x)
		VMULPS(rest, x, x)
	}
}

// power is 2^n for n from -126 on (smaller n count as -126).
func (e reduced) power() vec {
	w := YMM()
	VPMAXSD(bitsConstant("lowestExponent", uint32(0xffffff82)), e.n, w) // -126
	VPADDD(bitsConstant("exponentBias", 127), w, w)
	VPSLLD(Imm(23), w, w)
	return w
}

// beyond is the factor that power lacks: 2^(n+126) for n below -126, else 1.
func (e reduced) beyond() vec {
	w := YMM()
	VPADDD(bitsConstant("beyond", 126+127), e.n, w)
	VPMINSD(bitsConstant("exponentBias", 127), w, w)
	VPSLLD(Imm(23), w, w)
	return w
}

// clamp bounds x to a range beyond which exp is infinite or 0. The order of the operands lets NaN pass.
func clamp(x vec) {
	VMINPS(x, loaded(constant("expHighest", 89)), x)
	VMAXPS(x, loaded(constant("expLowest", -104)), x)
}

// exp replaces x by its exponential.
func exp(x vec) vec {
	clamp(x)
	e := reduce(x)
	VADDPS(e.r, e.c, e.c)
	VADDPS(constant("one", 1), e.c, e.c)
	e.scale(e.c)
	return e.c
}

// minusAbs is -|x|.
func minusAbs(x vec) vec {
	v := YMM()
	VORPS(bitsConstant("sign", 1<<31), x, v)
	return v
}

// expPair is exp(x) = 2^n * (high + low) for x <= 0, with a few bits more than a float32 has.
func expPair(x vec) (e reduced, high, low vec) {
	VMAXPS(x, loaded(constant("expLowest", -104)), x)
	e = reduce(x)
	high, low = YMM(), YMM()
	one := constant("one", 1)
	VADDPS(e.r, e.c, e.c)
	VADDPS(one, e.c, high)
	VMOVUPS(one, low)
	VSUBPS(high, low, low)
	VADDPS(e.c, low, low)
	return e, high, low
}

// quotient is (a + aLow) / (b + bLow), nearly correctly rounded: a division, corrected by the quotient of its remainder.
func quotient(a, aLow, b, bLow vec) vec {
	y, q, r := YMM(), YMM(), YMM()
	VMOVUPS(constant("one", 1), y)
	VDIVPS(b, y, y)
	VMULPS(a, y, q)
	VMOVAPS(a, r)
	VFNMADD231PS(q, b, r)
	VADDPS(aLow, r, r)
	VFNMADD231PS(q, bLow, r)
	VFMADD231PS(r, y, q)
	return q
}

// sigmoid returns 1/(1+exp(-x)). With z = exp(-|x|) that is 1/(1+z) or z/(1+z). z is kept as a number near 1 and a
// power of two, by which the result is multiplied last.
func sigmoid(x vec) vec {
	e, high, low := expPair(minusAbs(x))
	w := e.power()
	one := constant("one", 1)
	// 1 + z
	d, dLow := YMM(), YMM()
	VMOVUPS(one, d)
	VFMADD231PS(w, high, d)
	VMOVUPS(one, dLow)
	VSUBPS(d, dLow, dLow)
	VFMADD231PS(w, high, dLow)
	VFMADD231PS(w, low, dLow)
	// the numerator is z/2^n if x < 0, else 1, and the power of two is 2^n or 1
	negative := YMM()
	VPSRAD(Imm(31), x, negative)
	numerator := loaded(one)
	VBLENDVPS(negative, high, numerator, high)
	VBLENDVPS(negative, w, numerator, w)
	VANDPS(negative, low, low)
	q := quotient(high, low, d, dLow)
	VPAND(negative, e.n, e.n)
	VMULPS(w, q, q)
	VMULPS(e.beyond(), q, q)
	return q
}

// gates is sigmoid for the fused kernels, in a third of the time: 1/(1+exp(-x)) computed as it is written, within 3 ulp
// for x > -87 and about 2^-126 below. It uses up the vectors x. It works on them by turns, because an operation waits for
// the one before it on the same vector, and the processor does not look far enough ahead to begin with the next one.
func gates(x []vec) []vec {
	each := func(f func(i int)) {
		for i := range x {
			f(i)
		}
	}
	shared := func(m Mem) Op { // a constant, read once if it is used several times
		if len(x) == 1 {
			return m
		}
		return loaded(m)
	}
	highest, lowest := loaded(constant("gateHighest", 87)), loaded(constant("gateLowest", -87))
	each(func(i int) { VMINPS(x[i], highest, x[i]) }) // the order of the operands lets NaN pass
	each(func(i int) { VMAXPS(x[i], lowest, x[i]) })
	// -x = n ln 2 - x', exp(-x) = 2^n * exp(-x')
	n, magic, log2e := make([]vec, len(x)), shared(constant("magic", 3<<22)), shared(constant("log2e", math.Log2E))
	each(func(i int) {
		n[i] = YMM()
		VMOVUPS(magic, n[i])
		VFNMADD231PS(log2e, x[i], n[i])
	})
	// There are not enough registers for everything about more than four vectors.
	local := make([]Mem, len(x))
	if len(x) > 4 {
		frame := AllocLocal(32 * len(x))
		each(func(i int) {
			local[i] = frame.Offset(32 * i)
			VMOVUPS(n[i], local[i])
		})
	}
	whole, ln2hi := make([]vec, len(x)), shared(constant("ln2hi", 0.693359375))
	each(func(i int) {
		whole[i] = n[i]
		if len(x) <= 4 {
			whole[i] = YMM()
		}
		VSUBPS(magic, n[i], whole[i])
	})
	each(func(i int) { VFMADD231PS(ln2hi, whole[i], x[i]) })
	ln2lo := shared(constant("ln2lo", -2.12194440e-4))
	each(func(i int) { VFMADD231PS(ln2lo, whole[i], x[i]) })
	q, last := make([]vec, len(x)), len(expCoefficients)-1
	each(func(i int) { q[i] = loaded(gateCoefficient(last)) })
	for k := last - 1; k >= 0; k-- {
		c := shared(gateCoefficient(k))
		each(func(i int) { VFMADD213PS(c, x[i], q[i]) })
	}
	one := shared(constant("one", 1))
	each(func(i int) {
		square := YMM()
		VMULPS(x[i], x[i], square)
		VFMSUB213PS(x[i], square, q[i]) // exp(-x') - 1
	})
	each(func(i int) { VADDPS(one, q[i], q[i]) })
	each(func(i int) {
		if len(x) > 4 {
			n[i] = loaded(local[i])
		}
		VPSLLD(Imm(23), n[i], n[i])
		VPADDD(n[i], q[i], q[i])
	})
	each(func(i int) { VADDPS(one, q[i], q[i]) })
	each(func(i int) {
		n[i] = YMM()
		VMOVUPS(one, n[i])
		VDIVPS(q[i], n[i], n[i])
	})
	return n
}

// gateCoefficient is the k-th coefficient of exp(-r).
func gateCoefficient(k int) Mem {
	return constant(fmt.Sprintf("gate%d", k), expCoefficients[k]*float64(1-k%2*2))
}

// tanh returns the hyperbolic tangent: with E = exp(-2|x|) - 1 it is -E/(2+E), with the sign of x.
func tanh(x vec) vec {
	u := minusAbs(x)
	VADDPS(u, u, u)
	VMAXPS(u, loaded(constant("tanhLowest", -60)), u)
	e := reduce(u)
	w := e.power()
	s, sLow := YMM(), YMM() // r + c
	VADDPS(e.r, e.c, s)
	VSUBPS(s, e.r, sLow)
	VADDPS(e.c, sLow, sLow)
	// -E = (1 - w) - w*s
	one := constant("one", 1)
	rest, high, low := YMM(), YMM(), YMM()
	VMOVUPS(one, rest)
	VSUBPS(w, rest, rest)
	VMOVAPS(rest, high)
	VFNMADD231PS(w, s, high)
	VSUBPS(high, rest, low)
	VFNMADD231PS(w, s, low)
	VFNMADD231PS(w, sLow, low)
	// 2 + E
	d, dLow := YMM(), YMM()
	two := constant("two", 2)
	VMOVUPS(two, d)
	VSUBPS(high, d, d)
	VMOVUPS(two, dLow)
	VSUBPS(d, dLow, dLow)
	VSUBPS(high, dLow, dLow)
	VSUBPS(low, dLow, dLow)
	q := quotient(high, low, d, dLow)
	sign := YMM()
	VANDPS(bitsConstant("sign", 1<<31), x, sign)
	VORPS(sign, q, q)
	return q
}
