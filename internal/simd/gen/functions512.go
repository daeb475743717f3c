package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wideFunctionKernels writes the exponential and the logarithm for vectors of 512 bits. They do what the
// kernels of 256 bits do, operation by operation, and make the same bits.
func wideFunctionKernels() {
	for _, f := range []struct {
		name, doc string
		prepare   func() func(vec) vec
	}{
		{"expWide", "sets dst[i] = exp(src[i]).", wideExp},
		{"logWide", "sets dst[i] = log(src[i]).", wideLog},
	} {
		function(f.name, "func(dst, src *float32, n int)", f.doc)
		dst, src, n := pointer("dst"), pointer("src"), pointer("n")
		compute := f.prepare()
		wideStream(n, pointers(dst, src), func(l wideLane) { l.store(compute(l.load(src)), dst) })
		finish()
	}

	function("signedExpWide", "func(dst, l, s *float32, n int, c float32)", "sets dst[i] = s[i]*exp(l[i]-c).")
	dst, l, s, n := pointer("dst"), pointer("l"), pointer("s"), pointer("n")
	c, exp := wideScalar("c"), wideExp()
	wideStream(n, pointers(dst, l, s), func(e wideLane) {
		x := e.load(l)
		VSUBPS(c, x, x)
		y := exp(x)
		VMULPS(e.load(s), y, y)
		e.store(y, dst)
	})
	finish()

	function("logAbsWide", "func(l, s, x *float32, n int, c, least float32) int",
		"sets l[i] = log|x[i]| + c and s[i] to the sign, and returns how many |x[i]| are not at least least.")
	l, s, x, n := pointer("l"), pointer("s"), pointer("x"), pointer("n")
	c, least := wideScalar("c"), wideScalar("least")
	sign, one := everywhere(bitsConstant("sign", 1<<31)), everywhere(constant("one", 1))
	log, count := wideLog(), GP64()
	XORQ(count, count)
	wideStream(n, pointers(l, s, x), func(e wideLane) {
		v, negative, below, some := e.load(x), ZMM(), K(), GP32()
		VPANDD(sign, v, negative)
		VPXORD(negative, v, v)
		VPORD(one, negative, negative)
		e.store(negative, s)
		if e.mask != nil {
			VCMPPS(Imm(0x19), least, v, *e.mask, below) // not v >= least, NaN among them
		} else {
			VCMPPS(Imm(0x19), least, v, below)
		}
		KMOVW(below, some)
		POPCNTL(some, some)
		ADDQ(some.As64(), count)
		y := log(v)
		VADDPS(c, y, y)
		e.store(y, l)
	})
	Store(count, ReturnIndex(0))
	finish()
}

// A wideLane is one vector of sixteen floats within a loop, or the masked rest.
type wideLane struct {
	u    int
	mask *reg.OpmaskVirtual
}

func (l wideLane) at(p reg.Register) Mem { return Mem{Base: p, Disp: 64 * l.u} }

func (l wideLane) load(p reg.Register) vec {
	v := ZMM()
	if l.mask != nil {
		VMOVUPS_Z(l.at(p), *l.mask, v)
	} else {
		VMOVUPS(l.at(p), v)
	}
	return v
}

func (l wideLane) store(v vec, p reg.Register) {
	if l.mask != nil {
		VMOVUPS(v, *l.mask, l.at(p))
	} else {
		VMOVUPS(v, l.at(p))
	}
}

// wideStream emits a loop over n floats of the arrays at the given pointers, two vectors a step, then one,
// then the masked rest. It uses up n and the pointers.
func wideStream(n reg.GPVirtual, pointers []reg.GPVirtual, body func(l wideLane)) {
	for _, step := range []int{2, 1} {
		loop, next := fmt.Sprintf("loop%d", step), fmt.Sprintf("after%d", step)
		SUBQ(Imm(uint64(16*step)), n)
		JLT(LabelRef(next))
		Label(loop)
		for u := range step {
			body(wideLane{u: u})
		}
		for _, p := range pointers {
			ADDQ(U32(uint32(64*step)), p)
		}
		SUBQ(Imm(uint64(16*step)), n)
		JGE(LabelRef(loop))
		Label(next)
		ADDQ(Imm(uint64(16*step)), n)
	}
	JZ(LabelRef("done"))
	bits, mask := GP32(), K()
	MOVL(U32(0xffff), bits)
	BZHIL(n.As32(), bits, bits)
	KMOVW(bits, mask)
	body(wideLane{mask: &mask})
	Label("done")
}

// everywhere is a constant in all sixteen places of a register.
func everywhere(m Mem) vec {
	v := ZMM()
	VBROADCASTSS(m, v)
	return v
}

func wideScalar(name string) vec {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return everywhere(a.Addr)
}

// widePolynomial keeps the coefficients in registers and returns what evaluates them by Horner's rule.
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

// wideExp is exp, which see; one instruction multiplies by 2^n and rounds once, denormal or not.
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

// wideLog is log, which see.
func wideLog() func(x vec) vec {
	normal, two23 := everywhere(bitsConstant("smallestNormal", 0x00800000)), everywhere(constant("twoTo23", 1<<23))
	twoThirds, exponents := everywhere(constant("twoThirds", 0.6666666667)), everywhere(bitsConstant("exponentMask", 0xff800000))
	one, ln2 := everywhere(constant("one", 1)), everywhere(constant("ln2", math.Ln2))
	twentyThree, zero := everywhere(constant("twentyThree", 23)), everywhere(constant("zero", 0))
	infinity, minusInfinity := everywhere(bitsConstant("infinity", 0x7f800000)), everywhere(bitsConstant("minusInfinity", 0xff800000))
	nan, polynomial := everywhere(bitsConstant("nan", 0x7fc00000)), widePolynomial("log", logCoefficients)
	return func(x vec) vec {
		u, e, k, small := ZMM(), ZMM(), ZMM(), K()
		VCMPPS(Imm(1), normal, x, small) // x < it: scaled up
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
		// infinity and NaN stay, what is not above 0 has no logarithm or an infinite one
		special := K()
		VCMPPS(Imm(21), infinity, x, special) // not x < infinity
		VADDPS(x, x, special, r)
		VCMPPS(Imm(17), zero, x, special) // x < 0
		VMOVAPS(nan, special, r)
		VCMPPS(Imm(0), zero, x, special)
		VMOVAPS(minusInfinity, special, r)
		return r
	}
}
