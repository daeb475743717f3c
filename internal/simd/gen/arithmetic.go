package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func arithmeticKernels() {
	binary("addAVX2", "x[i] + y[i]", func(x, y vec) { VADDPS(y, x, y) })
	binary("mulAVX2", "x[i] * y[i]", func(x, y vec) { VMULPS(y, x, y) })
	scale()
	reciprocal()
	addScaled()
	scaleAddMaxAbs()
}

// arithmeticSteps are the numbers of vectors of the loops' steps.
var arithmeticSteps = []int{4, 1}

// binary writes a kernel of two operands; op leaves the result in y.
func binary(name, value string, op func(x, y vec)) {
	function(name, "func(dst, x, y *float32, n int)", mapLoop(value))
	dst, x, y, n := pointer("dst"), pointer("x"), pointer("y"), pointer("n")
	stream("loop", n, arithmeticSteps, pointers(dst, x, y), func(l lane) {
		v, w := l.load(x), l.load(y)
		op(v, w)
		l.store(w, dst)
	})
	finish()
}

func scale() {
	function("scaleAVX2", "func(dst, x *float32, n int, alpha float32)", mapLoop("alpha * x[i]"))
	dst, x, n, alpha := pointer("dst"), pointer("x"), pointer("n"), scalar("alpha")
	stream("loop", n, arithmeticSteps, pointers(dst, x), func(l lane) {
		v := l.load(x)
		VMULPS(alpha, v, v)
		l.store(v, dst)
	})
	finish()
}

func reciprocal() {
	function("reciprocalAVX2", "func(dst, x *float32, n int)", mapLoop("1 / x[i]"))
	dst, x, n := pointer("dst"), pointer("x"), pointer("n")
	one := loaded(constant("one", 1))
	stream("loop", n, arithmeticSteps, pointers(dst, x), func(l lane) {
		v := l.load(x)
		VDIVPS(v, one, v)
		l.store(v, dst)
	})
	finish()
}

func addScaled() {
	function("addScaledAVX2", "func(dst, x *float32, n int, alpha float32)", `is

	for i := range n {
		dst[i] += alpha * x[i]
	}`)
	dst, x, n, alpha := pointer("dst"), pointer("x"), pointer("n"), scalar("alpha")
	stream("loop", n, arithmeticSteps, pointers(dst, x), func(l lane) {
		v, d := l.load(x), l.load(dst)
		VFMADD231PS(alpha, v, d)
		l.store(d, dst)
	})
	finish()
}

func scaleAddMaxAbs() {
	function("scaleAddMaxAbsAVX2", "func(dst, x, y *float32, n int, a, b float32) float32", `is

	var largest float32
	for i := range n {
		dst[i] = a*x[i] + b*y[i]
		largest = max(largest, abs(dst[i])) // NaN if one is NaN
	}
	return largest`)
	dst, x, y, n, a, b := pointer("dst"), pointer("x"), pointer("y"), pointer("n"), scalar("a"), scalar("b")
	abs, best := absMask(), zeroed(4)
	stream("loop", n, arithmeticSteps, pointers(dst, x, y), func(l lane) {
		v, w := l.load(x), l.load(y)
		VMULPS(a, v, v)
		VFMADD231PS(b, w, v)
		l.store(v, dst)
		l.only(v)
		VANDPS(abs, v, v)
		VPMAXSD(v, best[l.u], best[l.u])
	})
	result(largest(best), 0)
	finish()
}
