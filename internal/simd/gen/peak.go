package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakKernels writes the loops that measure what the machine's multiply-add units can do: twelve chains that
// depend on registers only.
func peakKernels() {
	fmaLoop("fmaAVX2", 8, func() reg.VecVirtual { return YMM() }, func(v reg.VecVirtual) { VXORPS(v, v, v) })
	fmaLoop("fmaAVX512", 16, func() reg.VecVirtual { return ZMM() }, func(v reg.VecVirtual) { VPXORQ(v, v, v) })
}

func fmaLoop(name string, lanes int, vector func() reg.VecVirtual, clear func(reg.VecVirtual)) {
	function(name, "func(n int)", fill(`is

	var x float32
	var sum [12][LANES]float32
	for range n {
		for i := range sum {
			for j := range sum[i] {
				sum[i][j] += x * x
			}
		}
	}`, "LANES", lanes))
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
	finish()
}
