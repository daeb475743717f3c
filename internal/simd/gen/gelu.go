package main

import (
	. "github.com/mmcloughlin/avo/build"
)

// The constants of GELU. It and its gradient are those of x within ±geluReach; beyond, the result is x or, within the
// smallest numbers, 0, and the slope 1 or 0, so that no intermediate value overflows.
const (
	geluSlope = 1.5957691216057308 // 2 sqrt(2/pi)
	geluCubic = 0.044715
	geluReach = 10
)

func geluKernels() {
	for _, w := range []width{narrow, wide} {
		geluForward(w)
		geluBackward(w)
	}
}

// geluGates replaces vectors x by max(x, -geluReach) and returns them within ±geluReach, their squares and the
// sigmoids of 2 sqrt(2/pi) (x + 0.044715 x³).
func geluGates(w width, x []vec) (within, squares, sigmoids []vec) {
	lowest, highest := w.constant(constant("geluLowest", -geluReach)), w.constant(constant("geluHighest", geluReach))
	cubic, slope := w.constant(constant("geluSlopeCubic", geluSlope*geluCubic)), w.constant(constant("geluSlope", geluSlope))
	for i := range x {
		VMAXPS(x[i], lowest, x[i]) // the order of the operands lets NaN pass
		c, square, u := w.vector(), w.vector(), w.vector()
		VMINPS(x[i], highest, c)
		VMULPS(c, c, square)
		VMOVAPS(slope, u)
		VFMADD231PS(cubic, square, u)
		VMULPS(c, u, u)
		within, squares, sigmoids = append(within, c), append(squares, square), append(sigmoids, u)
	}
	return within, squares, w.gates(sigmoids)
}

func geluForward(w width) {
	function("gelu"+w.suffix, "func(dst, src *float32, n int)", `is

	for i := range n {
		x := max(src[i], -10)
		c := min(x, 10)
		dst[i] = x / (1 + exp(-geluSlope * c * (1 + geluCubic*c*c)))
	}`)
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	w.stream(n, pointers(dst, src), func(lanes []mover) {
		var x []vec
		for _, l := range lanes {
			x = append(x, l.load(src))
		}
		_, _, s := geluGates(w, x)
		for i, l := range lanes {
			VMULPS(x[i], s[i], s[i])
			l.store(s[i], dst)
		}
	})
	finish()
}

func geluBackward(w width) {
	function("geluBackward"+w.suffix, "func(dx, dy, x *float32, n int)", `is

	for i := range n {
		c := min(max(x[i], -10), 10)
		s := 1 / (1 + exp(-geluSlope * c * (1 + geluCubic*c*c)))
		dx[i] = dy[i] * s * (1 + (1-s)*geluSlope*c*(1+3*geluCubic*c*c))
	}`)
	dx, dy, x, n := pointer("dx"), pointer("dy"), pointer("x"), pointer("n")
	w.stream(n, pointers(dx, dy, x), func(lanes []mover) {
		var v []vec
		for _, l := range lanes {
			v = append(v, l.load(x))
		}
		c, square, s := geluGates(w, v)
		one, slope, cubic := w.constant(constant("one", 1)), w.constant(constant("geluSlope", geluSlope)),
			w.constant(constant("geluThreeCubic", 3*geluSlope*geluCubic))
		for i, l := range lanes {
			d, rest := w.vector(), w.vector()
			VMOVAPS(slope, d)
			VFMADD231PS(cubic, square[i], d)
			VMULPS(c[i], d, d)
			VSUBPS(s[i], one, rest)
			VFMADD213PS(one, rest, d)
			VMULPS(s[i], d, d)
			g := l.load(dy)
			VMULPS(g, d, d)
			l.store(d, dx)
		}
	})
	finish()
}
