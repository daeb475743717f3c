package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func signedLogKernels() {
	signedExp()
	logAbs()
	wideSignedExp()
	wideLogAbs()
}

const signedExpLoop = `is

	for i := range n {
		dst[i] = s[i] * exp(l[i]-c)
	}`

func signedExp() {
	function("signedExpAVX2", "func(dst, l, s *float32, n int, c float32)", signedExpLoop)
	dst, l, s, n, c := pointer("dst"), pointer("l"), pointer("s"), pointer("n"), scalar("c")
	stream("loop", n, []int{2, 1}, pointers(dst, l, s), func(e lane) {
		x := e.load(l)
		VSUBPS(c, x, x)
		y := exp(x)
		VMULPS(e.load(s), y, y)
		e.store(y, dst)
	})
	finish()
}

func wideSignedExp() {
	function("signedExpAVX512", "func(dst, l, s *float32, n int, c float32)", signedExpLoop)
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
}

const logAbsLoop = `is

	for i := range n {
		v := abs(x[i])
		s[i] = copysign(1, x[i])
		if !(v >= least) {
			below++
		}
		l[i] = log(v) + c
	}
	return below`

func logAbs() {
	function("logAbsAVX2", "func(l, s, x *float32, n int, c, least float32) float32", logAbsLoop)
	l, s, x, n := pointer("l"), pointer("s"), pointer("x"), pointer("n")
	c, least := scalar("c"), scalar("least")
	below := zeroed(2)
	stream("loop", n, []int{2, 1}, pointers(l, s, x), func(e lane) {
		v := e.load(x)
		sign := YMM()
		VANDPS(bitsConstant("sign", 1<<31), v, sign)
		VXORPS(sign, v, v)
		VORPS(constant("one", 1), sign, sign)
		e.store(sign, s)
		VCMPPS(Imm(cmpNotAtLeast), least, v, sign)
		VANDPS(constant("one", 1), sign, sign)
		e.only(sign)
		VADDPS(sign, below[e.u], below[e.u])
		y := log(v)
		VADDPS(c, y, y)
		e.store(y, l)
	})
	result(total(below), 0)
	finish()
}

func wideLogAbs() {
	function("logAbsAVX512", "func(l, s, x *float32, n int, c, least float32) int", logAbsLoop)
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
			VCMPPS(Imm(cmpNotAtLeast), least, v, *e.mask, below)
		} else {
			VCMPPS(Imm(cmpNotAtLeast), least, v, below)
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
