package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func packKernels() {
	packRows()
	packTransposed()
}

// packRows copies rows of one panel: 64 bytes, so it serves both types.
func packRows() {
	TEXT("packRows", NOSPLIT, "func(dst, src *byte, stride, rows int)")
	Pragma("noescape")
	Doc("packRows copies rows of 64 bytes, stride bytes apart, one after the other to dst.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	stride, rows := Load(Param("stride"), GP64()), Load(Param("rows"), GP64())
	stride3 := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	Label("loop4")
	CMPQ(rows, Imm(4))
	JLT(LabelRef("tail"))
	from := []Mem{{Base: src}, {Base: src, Index: stride, Scale: 1}, {Base: src, Index: stride, Scale: 2}, {Base: src, Index: stride3, Scale: 1}}
	var v [8]reg.VecVirtual
	for i, m := range from {
		second, ahead := m, m
		second.Disp, ahead.Disp = 32, 64 // the next panel's line of the same row
		v[2*i], v[2*i+1] = YMM(), YMM()
		VMOVUPS(m, v[2*i])
		VMOVUPS(second, v[2*i+1])
		PREFETCHT0(ahead)
	}
	for i := range v {
		VMOVUPS(v[i], Mem{Base: dst, Disp: 32 * i})
	}
	LEAQ(Mem{Base: src, Index: stride, Scale: 4}, src)
	ADDQ(U32(256), dst)
	SUBQ(Imm(4), rows)
	JMP(LabelRef("loop4"))
	Label("tail")
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	VMOVUPS(Mem{Base: src}, v[0])
	VMOVUPS(Mem{Base: src, Disp: 32}, v[1])
	VMOVUPS(v[0], Mem{Base: dst})
	VMOVUPS(v[1], Mem{Base: dst, Disp: 32})
	ADDQ(stride, src)
	ADDQ(Imm(64), dst)
	DECQ(rows)
	JMP(LabelRef("tail"))
	Label("done")
	VZEROUPPER()
	RET()
}

// packTransposed transposes 8 rows of 8*blocks floats into columns of a panel.
func packTransposed() {
	TEXT("packTransposed", NOSPLIT, "func(dst, src *float32, stride, blocks int)")
	Pragma("noescape")
	Doc("packTransposed sets dst[16*p+i] = src[i*stride+p] (stride in bytes) for i < 8 and p < 8*blocks.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	s, blocks := Load(Param("stride"), GP64()), Load(Param("blocks"), GP64())
	s3, src4 := GP64(), GP64()
	LEAQ(Mem{Base: s, Index: s, Scale: 2}, s3)
	LEAQ(Mem{Base: src, Index: s, Scale: 4}, src4)
	row := func(i, disp int) Mem {
		base := src
		if i >= 4 {
			base, i = src4, i-4
		}
		switch i {
		case 0:
			return Mem{Base: base, Disp: disp}
		case 1:
			return Mem{Base: base, Index: s, Scale: 1, Disp: disp}
		case 2:
			return Mem{Base: base, Index: s, Scale: 2, Disp: disp}
		}
		return Mem{Base: base, Index: s3, Scale: 1, Disp: disp}
	}
	Label("loop")
	// Rows i and i+4 share a register, four columns at a time: two levels of shuffles instead of three.
	for half := range 2 {
		var x [4]reg.VecVirtual
		for i := range x {
			x[i] = YMM()
			VMOVUPS(row(i, 16*half), x[i].AsX())
			VINSERTF128(Imm(1), row(i+4, 16*half), x[i], x[i])
		}
		low01, high01, low23, high23 := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(x[1], x[0], low01)
		VUNPCKHPS(x[1], x[0], high01)
		VUNPCKLPS(x[3], x[2], low23)
		VUNPCKHPS(x[3], x[2], high23)
		for p, pair := range [4][2]reg.VecVirtual{{low01, low23}, {low01, low23}, {high01, high23}, {high01, high23}} {
			out := YMM()
			if p%2 == 0 {
				VUNPCKLPD(pair[1], pair[0], out)
			} else {
				VUNPCKHPD(pair[1], pair[0], out)
			}
			VMOVUPS(out, Mem{Base: dst, Disp: 64 * (4*half + p)})
		}
	}
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), src4)
	ADDQ(U32(512), dst)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
