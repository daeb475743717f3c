package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func countKernels() {
	countBelow("countBelowAVX2", "x[i]", false)
	countBelow("countAbsBelowAVX2", "abs(x[i])", true)
}

func countBelow(name, value string, abs bool) {
	function(name, "func(x *float32, n int, least float32) float32", fill(`is

	for i := range n {
		if !(VALUE >= least) {
			count++
		}
	}
	return count`, "VALUE", value))
	x, n, least := pointer("x"), pointer("n"), scalar("least")
	below := zeroed(4)
	stream("loop", n, []int{4, 1}, pointers(x), func(e lane) {
		v := e.load(x)
		if abs {
			VANDPS(bitsConstant("magnitude", 1<<31-1), v, v)
		}
		VCMPPS(Imm(cmpNotAtLeast), least, v, v)
		VANDPS(constant("one", 1), v, v)
		e.only(v)
		VADDPS(v, below[e.u], below[e.u])
	})
	result(total(below), 0)
	finish()
}
