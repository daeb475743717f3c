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

func runKernels() {
	multiplyRuns()
	weighRuns()
}

// multiplyRuns and weighRuns compute runs in whole vectors. The last vector of a run may write beyond its end, into
// elements that a later run writes again.
func multiplyRuns() {
	function("multiplyRunsAVX2", "func(work *float32, runs *int, count int)", `is

	for _, r := range runs[:count] {
		for j := range r.N {
			work[r.To+j] = work[r.From+j] * work[r.X]
		}
	}

It may write up to 7 elements beyond the end of a run.`)
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
	function("weighRunsAVX2", "func(dst, work, weight *float32, runs *int, count int)", `is

	for _, r := range runs[:count] {
		for j := range r.N {
			dst[r.To+j] = work[r.From+j] * work[r.X] * weight[r.To+j]
		}
	}

It may write up to 7 elements beyond the end of a run.`)
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
