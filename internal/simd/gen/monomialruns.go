package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The offsets of the fields of simd.Run and its size.
const (
	runTo   = 0
	runFrom = 8
	runN    = 16
	runX    = 24
	runSize = 32
)

// multiplyRuns and weighRuns go through short runs in whole vectors: a run's last vector may write beyond
// its end, what a later run writes again.
func multiplyRuns() {
	function("multiplyRunsAVX2", "func(work *float32, runs *int, count int)", "sets work[To+j] = work[From+j] * work[X] for j < N, run by run.")
	work, runs, count := pointer("work"), pointer("runs"), pointer("count")
	field := func(offset int) reg.GPVirtual {
		v := GP64()
		MOVQ(Mem{Base: runs, Disp: offset}, v)
		return v
	}
	Label("run")
	to, from, n, x := field(runTo), field(runFrom), field(runN), YMM()
	VBROADCASTSS(Mem{Base: work, Index: field(runX), Scale: 4}, x)
	LEAQ(Mem{Base: work, Index: to, Scale: 4}, to)
	LEAQ(Mem{Base: work, Index: from, Scale: 4}, from)
	eights(n, []reg.GPVirtual{to, from}, func() {
		v := YMM()
		VMULPS(Mem{Base: from}, x, v)
		VMOVUPS(v, Mem{Base: to})
	})
	ADDQ(Imm(runSize), runs)
	DECQ(count)
	JNZ(LabelRef("run"))
	finish()
}

func weighRuns() {
	function("weighRunsAVX2", "func(dst, work, weight *float32, runs *int, count int)", "sets dst[To+j] = work[From+j] * work[X] * weight[To+j] for j < N, run by run.")
	dst, work, weight, runs, count := pointer("dst"), pointer("work"), pointer("weight"), pointer("runs"), pointer("count")
	Label("run")
	to, from, by, n, at, x := GP64(), GP64(), GP64(), GP64(), GP64(), YMM()
	MOVQ(Mem{Base: runs, Disp: runTo}, by)
	MOVQ(Mem{Base: runs, Disp: runFrom}, from)
	MOVQ(Mem{Base: runs, Disp: runN}, n)
	MOVQ(Mem{Base: runs, Disp: runX}, at)
	VBROADCASTSS(Mem{Base: work, Index: at, Scale: 4}, x)
	LEAQ(Mem{Base: dst, Index: by, Scale: 4}, to)
	LEAQ(Mem{Base: weight, Index: by, Scale: 4}, by)
	LEAQ(Mem{Base: work, Index: from, Scale: 4}, from)
	eights(n, []reg.GPVirtual{to, by, from}, func() {
		v := YMM()
		VMULPS(Mem{Base: from}, x, v)
		VMULPS(Mem{Base: by}, v, v)
		VMOVUPS(v, Mem{Base: to})
	})
	ADDQ(Imm(runSize), runs)
	DECQ(count)
	JNZ(LabelRef("run"))
	finish()
}

// eights emits a loop over n > 0 elements, rounded up to vectors; it uses up n and the pointers.
func eights(n reg.GPVirtual, pointers []reg.GPVirtual, body func()) {
	Label("eight")
	body()
	for _, p := range pointers {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(8), n)
	JG(LabelRef("eight"))
}

// addSums adds the sum of the lanes of each vector to the number at its place in dst: of four vectors
// together as long as there are four.
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

// dotRowsWide is dotRows by vectors of 512 bits, whose halves are the two sums there, so that it makes the same
// bits; nine rows together have sums enough not to wait for one another.
func dotRowsWide() {
	function("dotRowsWide", "func(dst, x, a *float32, n, rows, stride int)", "is dotRowsAVX2 by vectors of 512 bits.")
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
		for len(sums) > 0 { // four at a time need few registers, and some instructions have only half of them
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
		case 5, 9: // they are the last
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

// dotRows takes five, four and one rows together: V+1 of them are left of a V that is a multiple of four.
// Rows that are taken together share the loads of x.
func dotRows(tail Mem) {
	function("dotRowsAVX2", "func(dst, x, a *float32, n, rows, stride int)", "adds the inner product of x and row r of a, rows of n numbers that are stride bytes apart, to dst[r].")
	dst, x, a, n, rows, stride := pointer("dst"), pointer("x"), pointer("a"), pointer("n"), pointer("rows"), pointer("stride")
	stride3, at, mask := GP64(), GP64(), YMM()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	MOVQ(n, at) // the mask of the rest: n%8 ones
	ANDQ(Imm(7), at)
	NEGQ(at)
	window := GP64()
	LEAQ(tail, window)
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
		case 5: // they are the last
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
