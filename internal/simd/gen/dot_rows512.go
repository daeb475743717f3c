package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wideDotRows is dotRows with vectors of 512 bits. Their halves are the two sums of dotRows, so it makes the same
// bits. Nine rows at a time have enough independent sums to keep the multiply-add units busy.
func wideDotRows() {
	function("dotRowsAVX512", "func(dst, x, a *float32, n, rows, stride int)", dotRowsLoop)
	dst, x, a, n, rows, stride := pointer("dst"), pointer("x"), pointer("a"), pointer("n"), pointer("rows"), pointer("stride")
	stride3, rest, ones, mask := GP64(), GP32(), GP32(), K()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	MOVL(n.As32(), rest) // the mask of the rest: n%16 ones
	ANDL(Imm(15), rest)
	MOVL(U32(1<<16-1), ones)
	BZHIL(rest, ones, ones)
	KMOVW(ones, mask)
	zero := ZMM()
	VPXORD(zero, zero, zero)

	Label("rows")
	CMPQ(rows, Imm(9))
	JE(LabelRef("nine"))
	CMPQ(rows, Imm(8))
	JGE(LabelRef("eight"))
	CMPQ(rows, Imm(5))
	JE(LabelRef("five"))
	CMPQ(rows, Imm(4))
	JGE(LabelRef("four"))
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	for _, group := range []struct {
		label string
		rows  int
	}{{"one", 1}, {"four", 4}, {"five", 5}, {"eight", 8}, {"nine", 9}} {
		label := func(s string) string { return group.label + s }
		Label(group.label)
		p, q, q4, left := GP64(), GP64(), GP64(), GP64()
		MOVQ(x, p)
		MOVQ(a, q)
		if group.rows > 5 {
			LEAQ(Mem{Base: a, Index: stride, Scale: 4}, q4)
		}
		MOVQ(n, left)
		row := func(i int) Mem {
			base := q
			if group.rows > 5 && i >= 4 {
				base, i = q4, i-4
			}
			switch i {
			case 0:
				return Mem{Base: base}
			case 3:
				return Mem{Base: base, Index: stride3, Scale: 1}
			}
			return Mem{Base: base, Index: stride, Scale: uint8(i)}
		}
		sums := make([]reg.VecVirtual, group.rows)
		for i := range sums {
			sums[i] = ZMM()
			VMOVAPS(zero, sums[i])
		}
		u, v := ZMM(), ZMM()
		SUBQ(Imm(16), left)
		JLT(LabelRef(label("Rest")))
		Label(label("Loop"))
		VMOVUPS(Mem{Base: p}, u)
		for i := range sums {
			VFMADD231PS(row(i), u, sums[i])
		}
		ADDQ(Imm(64), p)
		ADDQ(Imm(64), q)
		if group.rows > 5 {
			ADDQ(Imm(64), q4)
		}
		SUBQ(Imm(16), left)
		JGE(LabelRef(label("Loop")))
		Label(label("Rest"))
		ADDQ(Imm(16), left)
		JZ(LabelRef(label("Sum")))
		VMOVUPS_Z(Mem{Base: p}, mask, u)
		for i := range sums {
			VMOVUPS_Z(row(i), mask, v)
			VFMADD231PS(v, u, sums[i])
		}
		Label(label("Sum"))
		for len(sums) > 0 { // four at a time: some of the instructions can name only 16 registers
			halves := make([]vec, min(4, len(sums)))
			for i := range halves {
				halves[i] = YMM()
				VEXTRACTF64X4(Imm(1), sums[i], halves[i])
				VADDPS(halves[i], sums[i].AsY(), halves[i])
			}
			addSums(halves, dst)
			ADDQ(Imm(uint64(4*len(halves))), dst)
			sums = sums[len(halves):]
		}
		switch group.rows {
		case 5, 9: // the last rows
			finish()
		default:
			if group.rows == 1 {
				ADDQ(stride, a)
			}
			for range group.rows / 4 {
				LEAQ(Mem{Base: a, Index: stride, Scale: 4}, a)
			}
			SUBQ(Imm(uint64(group.rows)), rows)
			JMP(LabelRef("rows"))
		}
	}
	Label("done")
	finish()
}
