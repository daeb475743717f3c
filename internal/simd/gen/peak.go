package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakKernel writes the loops that measure what the machine's multiply-add units can do: twelve chains
// that depend on nothing but registers.
func peakKernel() {
	fmaLoop("fma", "eight", func() reg.VecVirtual { return YMM() }, func(v reg.VecVirtual) { VXORPS(v, v, v) })
	fmaLoop("fmaWide", "sixteen", func() reg.VecVirtual { return ZMM() }, func(v reg.VecVirtual) { VPXORQ(v, v, v) })
}

func fmaLoop(name, numbers string, vector func() reg.VecVirtual, clear func(reg.VecVirtual)) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(name + " runs n times twelve independent multiply-adds of " + numbers + " float32.")
	n := Load(Param("n"), GP64())
	var acc [12]reg.VecVirtual
	for i := range acc {
		acc[i] = vector()
		clear(acc[i])
	}
	x := vector()
	clear(x)
	Label("loop")
	for i := range acc {
		VFMADD231PS(x, x, acc[i])
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
