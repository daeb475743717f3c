package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func rmsNormKernels() {
	rmsNorm("l2NormAVX2", false)
	rmsNorm("rmsNormAVX2", true)
	rmsNormBackward("l2NormBackwardAVX2", false)
	rmsNormBackward("rmsNormBackwardAVX2", true)
}

func rmsNorm(name string, weighted bool) {
	parameter, factor := "", ""
	if weighted {
		parameter, factor = ", weight", " * weight[i-r*width]"
	}
	function(name, fill("func(dst, x, rstdPARAMETER *float32, width, rows int, scale, eps float32)", "PARAMETER", parameter), fill(`is

	for r := range rows {
		var squares float32
		for i := r * width; i < (r+1)*width; i++ {
			squares += x[i] * x[i]
		}
		rstd[r] = 1 / sqrt(scale*squares+eps)
		for i := r * width; i < (r+1)*width; i++ {
			dst[i] = x[i] * rstd[r]FACTOR
		}
	}`, "FACTOR", factor))
	dst, x, rstd := pointer("dst"), pointer("x"), pointer("rstd")
	var weight reg.GPVirtual
	if weighted {
		weight = pointer("weight")
	}
	l := newRowLoop(pointer("width"), pointer("rows"), pointers(dst, x), pointers(rstd))
	scale, eps, one := scalar("scale"), scalar("eps"), loaded(constant("one", 1))
	Label("row")
	squares := zeroed(1)
	l.vectors("squares", func(e rowLane) {
		v := e.load(x)
		VFMADD231PS(v, v, squares[0]) // masked elements are 0
	})
	s := total(squares).AsX()
	VFMADD213SS(eps.AsX(), scale.AsX(), s)
	VSQRTSS(s, s, s)
	VDIVSS(s, one.AsX(), s)
	VMOVSS(s, Mem{Base: rstd})
	f := YMM()
	VBROADCASTSS(s, f)
	l.vectors("write", func(e rowLane) {
		v := e.load(x)
		VMULPS(f, v, v)
		if weighted {
			VMULPS(e.load(weight), v, v)
		}
		e.store(v, dst)
	})
	l.next("row")
}

func rmsNormBackward(name string, weighted bool) {
	parameter, factor, sum := "", "", ""
	if weighted {
		parameter, factor, sum = ", weight, dweight", " * weight[i-r*width]", `
			dweight[i-r*width] += dy[i] * u`
	}
	function(name, fill("func(dx, dy, x, rstdPARAMETER *float32, width, rows int, scale float32)", "PARAMETER", parameter), fill(`is

	for r := range rows {
		var gu float32
		for i := r * width; i < (r+1)*width; i++ {
			u := x[i] * rstd[r]
			gu += dy[i]FACTOR * uSUM
		}
		for i := r * width; i < (r+1)*width; i++ {
			u := x[i] * rstd[r]
			dx[i] = rstd[r] * (dy[i]FACTOR - u*scale*gu)
		}
	}`, "FACTOR", factor, "SUM", sum))
	dx, dy, x, rstd := pointer("dx"), pointer("dy"), pointer("x"), pointer("rstd")
	var weight, dweight reg.GPVirtual
	if weighted {
		weight, dweight = pointer("weight"), pointer("dweight")
	}
	l := newRowLoop(pointer("width"), pointer("rows"), pointers(dx, dy, x), pointers(rstd))
	scale := scalar("scale")
	Label("row")
	f := YMM()
	VBROADCASTSS(Mem{Base: rstd}, f)
	gu := zeroed(1)
	l.vectors("sum", func(e rowLane) {
		d, u := e.load(dy), e.load(x)
		VMULPS(f, u, u)
		if weighted {
			dw := e.load(dweight)
			VFMADD231PS(d, u, dw)
			e.store(dw, dweight)
			VMULPS(e.load(weight), d, d)
		}
		VFMADD231PS(d, u, gu[0]) // masked elements are 0
	})
	c := spread(total(gu))
	VMULPS(scale, c, c)
	l.vectors("write", func(e rowLane) {
		d, u := e.load(dy), e.load(x)
		if weighted {
			VMULPS(e.load(weight), d, d)
		}
		VMULPS(f, u, u)
		VFNMADD231PS(c, u, d)
		VMULPS(f, d, d)
		e.store(d, dx)
	})
	l.next("row")
}
