package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func packKernels() {
	packRows()
	copyRows()
	packTransposed()
}

// packRows copies rows of B to panels that are 64 bytes wide, so it serves both types. It goes along the rows, not along
// a panel: rows a power of two apart share a set of the cache and would evict each other before their next panel is
// packed. It fetches the row after next meanwhile, because the processor's own prefetching stops at the end of a page.
func packRows() {
	function("packRowsAVX2", "func(dst, src *byte, step, stride, rows, panels int)", `is

	for i := range rows {
		for panel := range panels {
			copy(dst[panel*step+64*i:][:64], src[i*stride+64*panel:])
		}
	}`)
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	step, stride := Load(Param("step"), GP64()), Load(Param("stride"), GP64())
	rows, panels := Load(Param("rows"), GP64()), Load(Param("panels"), GP64())
	to, from, ahead, n := GP64(), GP64(), GP64(), GP64()
	Label("row")
	MOVQ(dst, to)
	MOVQ(src, from)
	LEAQ(Mem{Base: src, Index: stride, Scale: 2}, ahead)
	MOVQ(panels, n)
	Label("panel")
	low, high := YMM(), YMM()
	PREFETCHT0(Mem{Base: ahead})
	VMOVUPS(Mem{Base: from}, low)
	VMOVUPS(Mem{Base: from, Disp: 32}, high)
	VMOVUPS(low, Mem{Base: to})
	VMOVUPS(high, Mem{Base: to, Disp: 32})
	ADDQ(Imm(64), from)
	ADDQ(Imm(64), ahead)
	ADDQ(step, to)
	DECQ(n)
	JNZ(LabelRef("panel"))
	ADDQ(Imm(64), dst)
	ADDQ(stride, src)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// copyRows copies rows of 32 bytes or more. A row ends with up to two vectors that may overlap what is copied already.
// It fetches the row after next meanwhile.
func copyRows() {
	function("copyRowsAVX2", "func(dst, src *byte, dstStride, srcStride, bytes, rows int)", `is, with bytes at least 32,

	for i := range rows {
		copy(dst[i*dstStride:][:bytes], src[i*srcStride:])
	}`)
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	dstStride, srcStride := Load(Param("dstStride"), GP64()), Load(Param("srcStride"), GP64())
	last, rows := Load(Param("bytes"), GP64()), Load(Param("rows"), GP64())
	i, limit, ahead := GP64(), GP64(), GP64()
	a, b := YMM(), YMM()
	LEAQ(Mem{Base: last, Disp: -64}, limit)
	SUBQ(Imm(32), last) // the offset of a row's last vector
	Label("row")
	LEAQ(Mem{Base: src, Index: srcStride, Scale: 2}, ahead)
	XORQ(i, i)
	JMP(LabelRef("enough"))
	Label("line")
	PREFETCHT0(Mem{Base: ahead, Index: i, Scale: 1})
	VMOVUPS(Mem{Base: src, Index: i, Scale: 1}, a)
	VMOVUPS(Mem{Base: src, Index: i, Scale: 1, Disp: 32}, b)
	VMOVUPS(a, Mem{Base: dst, Index: i, Scale: 1})
	VMOVUPS(b, Mem{Base: dst, Index: i, Scale: 1, Disp: 32})
	ADDQ(Imm(64), i)
	Label("enough")
	CMPQ(i, limit)
	JLE(LabelRef("line"))
	CMPQ(i, last)
	JGE(LabelRef("end"))
	VMOVUPS(Mem{Base: src, Index: i, Scale: 1}, a)
	VMOVUPS(a, Mem{Base: dst, Index: i, Scale: 1})
	Label("end")
	PREFETCHT0(Mem{Base: ahead, Index: last, Scale: 1})
	VMOVUPS(Mem{Base: src, Index: last, Scale: 1}, b)
	VMOVUPS(b, Mem{Base: dst, Index: last, Scale: 1})
	ADDQ(dstStride, dst)
	ADDQ(srcStride, src)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// packTransposed transposes 8 rows of 8*blocks floats into columns of a panel.
func packTransposed() {
	function("packTransposedAVX2", "func(dst, src *float32, stride, blocks int)", `is, with the stride counted in elements,

	for p := range 8 * blocks {
		for i := range 8 {
			dst[16*p+i] = src[i*stride+p]
		}
	}`)
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	s, blocks := Load(Param("stride"), GP64()), Load(Param("blocks"), GP64())
	s3, src4 := GP64(), GP64()
	LEAQ(Mem{Base: s, Index: s, Scale: 2}, s3)
	LEAQ(Mem{Base: src, Index: s, Scale: 4}, src4)
	Label("loop")
	transposeEight(src, src4, s, s3, func(p int, column vec) { VMOVUPS(column, Mem{Base: dst, Disp: 64 * p}) })
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), src4)
	ADDQ(U32(512), dst)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// transposeEight transposes eight rows of eight floats, four from each of two pointers; third is three strides. Rows i and
// i+4 share a register, four columns at a time: two levels of shuffles instead of three.
func transposeEight(rows, rows4, stride, third reg.Register, store func(p int, column vec)) {
	for half := range 2 {
		var x [4]vec
		for i := range x {
			low, high := fourRows(rows, stride, third)[i], fourRows(rows4, stride, third)[i]
			low.Disp, high.Disp = 16*half, 16*half
			x[i] = YMM()
			VMOVUPS(low, x[i].AsX())
			VINSERTF128(Imm(1), high, x[i], x[i])
		}
		low01, high01, low23, high23 := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(x[1], x[0], low01)
		VUNPCKHPS(x[1], x[0], high01)
		VUNPCKLPS(x[3], x[2], low23)
		VUNPCKHPS(x[3], x[2], high23)
		for p, pair := range [4][2]vec{{low01, low23}, {low01, low23}, {high01, high23}, {high01, high23}} {
			out := YMM()
			if p%2 == 0 {
				VUNPCKLPD(pair[1], pair[0], out)
			} else {
				VUNPCKHPD(pair[1], pair[0], out)
			}
			store(4*half+p, out)
		}
	}
}
