package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const dotRowsLoop = `is, with the stride in bytes,

	for r := range rows {
		var sum float32
		for j := range n {
			sum += x[j] * a[j]
		}
		dst[r] += sum
		a += stride
	}`

// dotRows takes five, four or one rows at a time, which share the loads of x: callers have V+1 rows with V a
// multiple of four, so five are left at the end.
func dotRows() {
	function("dotRowsAVX2", "func(dst, x, a *float32, n, rows, stride int)", dotRowsLoop)
	dst, x, a, n, rows, stride := pointer("dst"), pointer("x"), pointer("a"), pointer("n"), pointer("rows"), pointer("stride")
	stride3, at, mask := GP64(), GP64(), YMM()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	MOVQ(n, at) // the mask of the rest: n%8 ones
	ANDQ(Imm(7), at)
	NEGQ(at)
	window := GP64()
	LEAQ(tailMask(), window)
	VMOVDQU(Mem{Base: window, Index: at, Scale: 4, Disp: 32}, mask)

	Label("rows")
	CMPQ(rows, Imm(5))
	JE(LabelRef("five"))
	CMPQ(rows, Imm(4))
	JGE(LabelRef("four"))
	TESTQ(rows, rows)
	JZ(LabelRef("done"))
	for _, group := range []struct {
		label string
		rows  int
	}{{"one", 1}, {"four", 4}, {"five", 5}} {
		label := func(s string) string { return group.label + s }
		Label(group.label)
		p, q, left := GP64(), GP64(), GP64()
		MOVQ(x, p)
		MOVQ(a, q)
		MOVQ(n, left)
		row := func(i, disp int) Mem {
			switch i {
			case 0:
				return Mem{Base: q, Disp: disp}
			case 3:
				return Mem{Base: q, Index: stride3, Scale: 1, Disp: disp}
			}
			return Mem{Base: q, Index: stride, Scale: uint8(i), Disp: disp}
		}
		even, odd := zeroed(group.rows), zeroed(group.rows)
		SUBQ(Imm(16), left)
		JLT(LabelRef(label("Rest")))
		Label(label("Loop"))
		u, v := YMM(), YMM()
		VMOVUPS(Mem{Base: p}, u)
		VMOVUPS(Mem{Base: p, Disp: 32}, v)
		for i := range group.rows {
			VFMADD231PS(row(i, 0), u, even[i])
			VFMADD231PS(row(i, 32), v, odd[i])
		}
		ADDQ(Imm(64), p)
		ADDQ(Imm(64), q)
		SUBQ(Imm(16), left)
		JGE(LabelRef(label("Loop")))
		masked := func(sum []vec) {
			VMASKMOVPS(Mem{Base: p}, mask, u)
			for i := range group.rows {
				VMASKMOVPS(row(i, 0), mask, v)
				VFMADD231PS(v, u, sum[i])
			}
		}
		Label(label("Rest"))
		ADDQ(Imm(16), left) // up to 15
		JZ(LabelRef(label("Sum")))
		SUBQ(Imm(8), left)
		JGE(LabelRef(label("Eight")))
		masked(even)
		JMP(LabelRef(label("Sum")))
		Label(label("Eight"))
		VMOVUPS(Mem{Base: p}, u)
		for i := range group.rows {
			VFMADD231PS(row(i, 0), u, even[i])
		}
		TESTQ(left, left)
		JZ(LabelRef(label("Sum")))
		ADDQ(Imm(32), p)
		ADDQ(Imm(32), q)
		masked(odd)
		Label(label("Sum"))
		for i := range group.rows {
			VADDPS(odd[i], even[i], even[i])
		}
		addSums(even, dst)
		ADDQ(Imm(uint64(4*group.rows)), dst)
		switch group.rows {
		case 5: // the last rows
			finish()
		case 4:
			LEAQ(Mem{Base: a, Index: stride, Scale: 4}, a)
			SUBQ(Imm(4), rows)
			JMP(LabelRef("rows"))
		default:
			ADDQ(stride, a)
			DECQ(rows)
			JMP(LabelRef("rows"))
		}
	}
	Label("done")
	finish()
}

// addSums adds the sum of the lanes of v[i] to dst[i], for four vectors at a time as far as they go.
func addSums(v []vec, dst reg.GPVirtual) {
	at := 0
	for ; at+4 <= len(v); at += 4 {
		w, to := v[at:at+4], Mem{Base: dst, Disp: 4 * at}
		VHADDPS(w[1], w[0], w[0])
		VHADDPS(w[3], w[2], w[2])
		VHADDPS(w[2], w[0], w[0])
		high := XMM()
		VEXTRACTF128(Imm(1), w[0], high)
		VADDPS(w[0].AsX(), high, high)
		VADDPS(to, high, high)
		VMOVUPS(high, to)
	}
	for ; at < len(v); at++ {
		to := Mem{Base: dst, Disp: 4 * at}
		sum := total(v[at : at+1])
		VADDSS(to, sum.AsX(), sum.AsX())
		VMOVSS(sum.AsX(), to)
	}
}
