package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func siluKernels() {
	siluForward()
	siluBackward()
	siluGate()
	siluGateBackward()
}

// The sigmoids of numbers below -87 are all 2^-126, so products with them take the number to be at least -88, which
// keeps them at 0 to within 1e-36. The order of the operands lets NaN pass.

func atLeastLowest(x vec) { VMAXPS(x, loaded(constant("siluLowest", -88)), x) }

// slopeOf returns the derivative s + x s (1-s) of silu; x is used up. It is 1 from 88 on, where s is 1.
func slopeOf(s, x vec) vec {
	slope := YMM()
	atLeastLowest(x)
	VMINPS(x, loaded(constant("siluHighest", 88)), x)
	VMULPS(s, x, x) // x s
	VMOVAPS(x, slope)
	VFNMADD231PS(s, x, slope)
	VADDPS(s, slope, slope)
	return slope
}

// gated emits a loop over the arrays at the given pointers. body emits the code for a vector, given the sigmoid of what is
// at gate; those of four vectors are computed by turns.
func gated(n, gate reg.GPVirtual, pointers []reg.GPVirtual, body func(l lane, s vec)) {
	streamTogether("loop", n, []int{4, 1}, pointers, func(lanes []lane) {
		for _, l := range lanes {
			for _, p := range pointers {
				l.ahead(p)
			}
		}
		for i, s := range gates(loads(lanes, gate)) {
			body(lanes[i], s)
		}
	})
}

func siluForward() {
	function("siluAVX2", "func(dst, src *float32, n int)", mapLoop("src[i] / (1 + exp(-src[i]))"))
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	gated(n, src, pointers(dst, src), func(l lane, s vec) {
		v := l.load(src)
		atLeastLowest(v)
		VMULPS(v, s, s)
		l.store(s, dst)
	})
	finish()
}

func siluBackward() {
	function("siluBackwardAVX2", "func(dx, dy, x *float32, n int)", `is

	for i := range n {
		s := 1 / (1 + exp(-x[i]))
		dx[i] = dy[i] * (s + x[i]*s*(1-s))
	}`)
	dx, dy, x, n := pointer("dx"), pointer("dy"), pointer("x"), pointer("n")
	gated(n, x, pointers(dx, dy, x), func(l lane, s vec) {
		slope := slopeOf(s, l.load(x))
		VMULPS(l.load(dy), slope, slope)
		l.store(slope, dx)
	})
	finish()
}

func siluGate() {
	function("siluGateAVX2", "func(dst, up, gate *float32, n int)", `is

	for i := range n {
		dst[i] = up[i] * gate[i] / (1 + exp(-gate[i]))
	}`)
	dst, up, g, n := pointer("dst"), pointer("up"), pointer("gate"), pointer("n")
	gated(n, g, pointers(dst, up, g), func(l lane, s vec) {
		v := l.load(g)
		atLeastLowest(v)
		VMULPS(v, s, s)
		VMULPS(l.load(up), s, s)
		l.store(s, dst)
	})
	finish()
}

func siluGateBackward() {
	function("siluGateBackwardAVX2", "func(dup, dgate, dy, up, gate *float32, n int)", `is

	for i := range n {
		s, g := 1/(1+exp(-gate[i])), gate[i]
		dgate[i] = dy[i] * up[i] * (s + g*s*(1-s))
		dup[i] = dy[i] * g * s
	}`)
	dup, dgate, dy, up, g, n := pointer("dup"), pointer("dgate"), pointer("dy"), pointer("up"), pointer("gate"), pointer("n")
	gated(n, g, pointers(dup, dgate, dy, up, g), func(l lane, s vec) {
		d, y := l.load(dy), l.load(g)
		slope := slopeOf(s, l.load(g))
		VMULPS(d, slope, slope)
		VMULPS(l.load(up), slope, slope)
		atLeastLowest(y)
		VMULPS(s, y, y)
		VMULPS(d, y, y)
		l.store(slope, dgate)
		l.store(y, dup)
	})
	finish()
}
