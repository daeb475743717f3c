package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func logSignKernels() {
	tail := tailMask()

	function("signedExpAVX2", "func(dst, l, s *float32, n int, c float32)", "sets dst[i] = s[i]*exp(l[i]-c).")
	dst, l, s, n, c := pointer("dst"), pointer("l"), pointer("s"), pointer("n"), scalar("c")
	stream("loop", tail, n, []int{2, 1}, pointers(dst, l, s), func(e lane) {
		x := e.load(l)
		VSUBPS(c, x, x)
		y := exp(x)
		VMULPS(e.load(s), y, y)
		e.store(y, dst)
	})
	finish()

	function("logAbsAVX2", "func(l, s, x *float32, n int, c, least float32) float32",
		"sets l[i] = log|x[i]| + c and s[i] to the sign, and returns how many |x[i]| are not at least least.")
	l, s, x, n := pointer("l"), pointer("s"), pointer("x"), pointer("n")
	c, least := scalar("c"), scalar("least")
	below := zeroed(2)
	stream("loop", tail, n, []int{2, 1}, pointers(l, s, x), func(e lane) {
		v := e.load(x)
		sign := YMM()
		VANDPS(bitsConstant("sign", 1<<31), v, sign)
		VXORPS(sign, v, v)
		VORPS(constant("one", 1), sign, sign)
		e.store(sign, s)
		VCMPPS(Imm(0x19), least, v, sign) // not v >= least, NaN among them
		VANDPS(constant("one", 1), sign, sign)
		e.only(sign)
		VADDPS(sign, below[e.u], below[e.u])
		y := log(v)
		VADDPS(c, y, y)
		e.store(y, l)
	})
	result(total(below), 0)
	finish()

	countBelow("countBelowAVX2", "x[i]", tail, false)
	countBelow("countAbsBelowAVX2", "|x[i]|", tail, true)
}

func countBelow(name, what string, tail Mem, abs bool) {
	function(name, "func(x *float32, n int, least float32) float32", "returns how many "+what+" are not at least least.")
	x, n, least := pointer("x"), pointer("n"), scalar("least")
	below := zeroed(4)
	stream("loop", tail, n, []int{4, 1}, pointers(x), func(e lane) {
		v := e.load(x)
		if abs {
			VANDPS(bitsConstant("magnitude", 1<<31-1), v, v)
		}
		VCMPPS(Imm(0x19), least, v, v) // not v >= least, NaN among them
		VANDPS(constant("one", 1), v, v)
		e.only(v)
		VADDPS(v, below[e.u], below[e.u])
	})
	result(total(below), 0)
	finish()
}
