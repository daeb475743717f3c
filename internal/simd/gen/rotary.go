package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func rotaryKernels() { rotateHeads() }

func rotateHeads() {
	function("rotateHeadsAVX2", "func(dst, x, cos, sin *float32, half, heads int, back bool)",
		`is, without fused operations,

	for range heads {
		for i := range half {
			s := sin[i]
			if back {
				s = -s
			}
			dst[i], dst[half+i] = x[i]*cos[i]-x[half+i]*s, x[half+i]*cos[i]+x[i]*s
		}
		dst += 2 * half
		x += 2 * half
	}`)
	first, x, firstCos, firstSin := pointer("dst"), pointer("x"), pointer("cos"), pointer("sin")
	half, heads := pointer("half"), pointer("heads")
	second, y := GP64(), GP64() // the other halves
	LEAQ(Mem{Base: first, Index: half, Scale: 4}, second)
	LEAQ(Mem{Base: x, Index: half, Scale: 4}, y)
	// The loop over a head moves its pointers by half rounded down to whole vectors.
	skip := GP64()
	MOVQ(half, skip)
	ANDQ(I32(-8), skip)
	SHLQ(Imm(2), skip)
	NEGQ(skip)
	LEAQ(Mem{Base: skip, Index: half, Scale: 8}, skip)
	flip := zeroed(1)[0]
	back := Load(Param("back"), GP8()).(reg.GPVirtual)
	TESTB(back, back)
	JZ(LabelRef("head"))
	VMOVUPS(bitsConstant("sign", 1<<31), flip)
	Label("head")
	left, cos, sin := GP64(), GP64(), GP64()
	MOVQ(half, left)
	MOVQ(firstCos, cos)
	MOVQ(firstSin, sin)
	stream("pairs", left, []int{2, 1}, pointers(first, second, x, y, cos, sin), func(l lane) {
		c, s := l.load(cos), l.load(sin)
		VXORPS(flip, s, s)
		u, v := l.load(x), l.load(y)
		p, q := YMM(), YMM()
		VMULPS(c, u, p)
		VMULPS(s, u, u)
		VMULPS(s, v, q)
		VMULPS(c, v, v)
		VSUBPS(q, p, p)
		VADDPS(u, v, v)
		l.store(p, first)
		l.store(v, second)
	})
	for _, p := range pointers(first, second, x, y) {
		ADDQ(skip, p)
	}
	DECQ(heads)
	JNZ(LabelRef("head"))
	finish()
}
