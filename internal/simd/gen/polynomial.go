package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func polynomialKernels() {
	polynomialKernel(false)
	polynomialKernel(true)
}

// polynomialKernel evaluates by Horner's rule.
func polynomialKernel(withSlope bool) {
	name, signature, doc := "polynomialAVX2", "func(value, x *float32, n int, c *float32, degree int)", `is, with degree at least 1,

	for i := range n {
		y := c[degree]
		for p := degree - 1; p >= 0; p-- {
			y = y*x[i] + c[p]
		}
		value[i] = y
	}`
	if withSlope {
		name, signature = "polynomialSlopeAVX2", "func(value, slope, x *float32, n int, c *float32, degree int)"
		doc = `is, with degree at least 1,

	for i := range n {
		y, d := c[degree], 0
		for p := degree - 1; p >= 0; p-- {
			d = d*x[i] + y
			y = y*x[i] + c[p]
		}
		value[i], slope[i] = y, d
	}`
	}
	function(name, signature, doc)
	value, x := pointer("value"), pointer("x")
	arrays := pointers(value, x)
	if withSlope {
		arrays = append(arrays, pointer("slope"))
	}
	n, c, degree := pointer("n"), pointer("c"), pointer("degree")
	columns(n, []int{4, 1}, arrays, func(label string, lanes []lane) {
		v := loads(lanes, x)
		sum, slope := make([]vec, len(lanes)), zeroed(len(lanes))
		p, left := GP64(), GP64()
		LEAQ(Mem{Base: c, Index: degree, Scale: 4}, p)
		for i := range lanes {
			sum[i] = YMM()
			VBROADCASTSS(Mem{Base: p}, sum[i])
		}
		MOVQ(degree, left)
		Label(label + "Term")
		SUBQ(Imm(4), p)
		a := YMM()
		VBROADCASTSS(Mem{Base: p}, a)
		for i := range lanes {
			if withSlope {
				VFMADD213PS(sum[i], v[i], slope[i])
			}
			VFMADD213PS(a, v[i], sum[i])
		}
		DECQ(left)
		JNZ(LabelRef(label + "Term"))
		for i, l := range lanes {
			l.store(sum[i], value)
			if withSlope {
				l.store(slope[i], arrays[2])
			}
		}
	})
	finish()
}
