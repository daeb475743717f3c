package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The order of the fields of simd.adamWFactors.
const (
	adamScale = 4 * iota
	adamBeta1
	adamRest1
	adamBeta2
	adamRest2
	adamKeep
	adamRate
	adamRoot
	adamEps
)

func adamWKernels() {
	function("adamWAVX2", "func(value, grad, m, v *float32, n int, h *float32)", `is, with h the numbers of simd.adamWFactors,

	for i := range n {
		g := grad[i] * h.scale
		m[i] = h.beta1*m[i] + h.rest1*g
		v[i] = h.beta2*v[i] + h.rest2*(g*g)
		value[i] = h.keep*value[i] - h.rate*m[i]/(sqrt(v[i]*h.root)+h.eps)
	}`)
	value, grad, m, v, n, h := pointer("value"), pointer("grad"), pointer("m"), pointer("v"), pointer("n"), pointer("h")
	factor := func(offset int) vec {
		x := YMM()
		VBROADCASTSS(Mem{Base: h, Disp: offset}, x)
		return x
	}
	scale, beta1, rest1, beta2, rest2 := factor(adamScale), factor(adamBeta1), factor(adamRest1), factor(adamBeta2), factor(adamRest2)
	keep, rate, root, eps := factor(adamKeep), factor(adamRate), factor(adamRoot), factor(adamEps)
	stream("loop", n, []int{1}, pointers(value, grad, m, v), func(l lane) {
		g, first, second := l.load(grad), l.load(m), l.load(v)
		VMULPS(scale, g, g)
		VMULPS(beta1, first, first)
		VFMADD231PS(rest1, g, first)
		VMULPS(g, g, g)
		VMULPS(beta2, second, second)
		VFMADD231PS(rest2, g, second)
		l.store(first, m)
		l.store(second, v)
		VMULPS(root, second, second)
		VSQRTPS(second, second)
		VADDPS(eps, second, second)
		VMULPS(rate, first, first)
		VDIVPS(second, first, first)
		x := l.load(value)
		VFMSUB213PS(first, keep, x) // keep*x - step
		l.store(x, value)
	})
	finish()
}
