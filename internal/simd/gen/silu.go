package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func siluKernels() {
	mapKernel("siluAVX2", "src[i] / (1 + exp(-src[i]))", silu)
	siluBackward()
	siluGate()
	siluGateBackward()
}

// silu is x sigmoid(x).
func silu(x vec) vec {
	y := YMM()
	VMOVAPS(x, y)
	VMULPS(gate(x), y, y)
	return y
}

// siluSlope returns s = sigmoid(x) and the derivative of silu.
func siluSlope(x vec) (s, slope vec) {
	u := YMM()
	VMOVAPS(x, u)
	s = gate(x)
	return s, slopeOf(s, u)
}

// slopeOf returns the derivative s + x s (1-s) of silu; x is used up.
func slopeOf(s, x vec) vec {
	slope := YMM()
	VMULPS(s, x, x) // x s
	VMOVAPS(x, slope)
	VFNMADD231PS(s, x, slope)
	VADDPS(s, slope, slope)
	return slope
}

func siluBackward() {
	function("siluBackwardAVX2", "func(dx, dy, x *float32, n int)", `is

	for i := range n {
		s := 1 / (1 + exp(-x[i]))
		dx[i] = dy[i] * (s + x[i]*s*(1-s))
	}`)
	dx, dy, x, n := pointer("dx"), pointer("dy"), pointer("x"), pointer("n")
	stream("loop", n, []int{2, 1}, pointers(dx, dy, x), func(l lane) {
		l.ahead(dx, dy, x)
		_, slope := siluSlope(l.load(x))
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
	stream("loop", n, []int{2, 1}, pointers(dst, up, g), func(l lane) {
		l.ahead(dst, up, g)
		s := silu(l.load(g))
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
	stream("loop", n, []int{2, 1}, pointers(dup, dgate, dy, up, g), func(l lane) {
		l.ahead(dup, dgate, dy, up, g)
		x, d := l.load(g), l.load(dy)
		y := YMM()
		VMOVAPS(x, y)
		s, slope := siluSlope(x)
		VMULPS(d, slope, slope)
		VMULPS(l.load(up), slope, slope)
		VMULPS(s, y, y)
		VMULPS(d, y, y)
		l.store(slope, dgate)
		l.store(y, dup)
	})
	finish()
}
