package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func rowKernels() {
	mulRows()
	mulRowsBackward()
	addWeighted()
	dotRows()
	wideDotRows()
}

// columns emits a loop over n columns in blocks of the given numbers of vectors, the last of them 1, then the masked
// rest. It uses up n and advances the pointers. body emits the code for a block of the given lanes.
func columns(n reg.GPVirtual, blocks []int, pointers []reg.GPVirtual, body func(label string, lanes []lane)) {
	for _, size := range blocks {
		top, next := fmt.Sprintf("columns%d", size), fmt.Sprintf("after%d", size)
		Label(top)
		CMPQ(n, Imm(uint64(8*size)))
		JLT(LabelRef(next))
		lanes := make([]lane, size)
		for u := range lanes {
			lanes[u] = lane{u: u, step: size}
		}
		body(top, lanes)
		for _, p := range pointers {
			ADDQ(U32(uint32(32*size)), p)
		}
		SUBQ(U32(uint32(8*size)), n)
		JMP(LabelRef(top))
		Label(next)
	}
	TESTQ(n, n)
	JZ(LabelRef("done"))
	at, mask := GP64(), YMM()
	LEAQ(tailMask(), at)
	NEGQ(n)
	VMOVDQU(Mem{Base: at, Index: n, Scale: 4, Disp: 32}, mask)
	body("rest", []lane{{step: 1, mask: &mask}})
	Label("done")
}

// eachRow emits a loop over rows; the pointers advance by stride after each.
func eachRow(label string, rows, stride reg.GPVirtual, pointers []reg.GPVirtual, body func()) {
	eachRowApart(label, rows, pointers, slices.Repeat([]reg.GPVirtual{stride}, len(pointers)), body)
}

func loads(lanes []lane, p reg.Register) []vec {
	v := make([]vec, len(lanes))
	for i, l := range lanes {
		v[i] = l.load(p)
	}
	return v
}

func mulRows() {
	function("mulRowsAVX2", "func(dst, src, x *float32, n, rows, stride int)",
		`is, with the stride in bytes,

	for range rows {
		for j := range n {
			dst[j] = src[j] * x[j]
		}
		dst += stride
		src += stride
	}`)
	dst, src, x := pointer("dst"), pointer("src"), pointer("x")
	n, rows, stride := pointer("n"), pointer("rows"), pointer("stride")
	columns(n, []int{4, 1}, pointers(dst, src, x), func(label string, lanes []lane) {
		v, p := loads(lanes, x), copies(dst, src)
		eachRow(label, rows, stride, p, func() {
			for i, l := range lanes {
				w := l.load(p[1])
				VMULPS(v[i], w, w)
				l.store(w, p[0])
			}
		})
	})
	finish()
}

func mulRowsBackward() {
	function("mulRowsBackwardAVX2", "func(dx, dsrc, ddst, src, x *float32, n, rows, stride int)",
		`is, with the stride in bytes,

	for range rows {
		for j := range n {
			dx[j] += ddst[j] * src[j]
			dsrc[j] += ddst[j] * x[j]
		}
		dsrc += stride
		ddst += stride
		src += stride
	}`)
	dx, dsrc, ddst, src, x := pointer("dx"), pointer("dsrc"), pointer("ddst"), pointer("src"), pointer("x")
	n, rows, stride := pointer("n"), pointer("rows"), pointer("stride")
	columns(n, []int{4, 1}, pointers(dx, dsrc, ddst, src, x), func(label string, lanes []lane) {
		v, sum, p := loads(lanes, x), loads(lanes, dx), copies(dsrc, ddst, src)
		eachRow(label, rows, stride, p, func() {
			for i, l := range lanes {
				g, s, to := l.load(p[1]), l.load(p[2]), l.load(p[0])
				VFMADD231PS(s, g, sum[i])
				VFMADD231PS(v[i], g, to)
				l.store(to, p[0])
			}
		})
		for i, l := range lanes {
			l.store(sum[i], dx)
		}
	})
	finish()
}

func addWeighted() {
	function("addWeightedAVX2", "func(dst, w, src *float32, n, rows, strideW, stride int)",
		`is, with strides in bytes,

	for range rows {
		for j := range n {
			dst[j] += w[0] * src[j]
		}
		w += strideW
		src += stride
	}`)
	dst, w, src := pointer("dst"), pointer("w"), pointer("src")
	n, rows, strideW, stride := pointer("n"), pointer("rows"), pointer("strideW"), pointer("stride")
	columns(n, []int{4, 1}, pointers(dst, src), func(label string, lanes []lane) {
		// several sums for every column, so that an addition need not wait for the one before it
		unroll := 4
		if len(lanes) > 1 {
			unroll = 2
		}
		sums := make([][]vec, unroll)
		for i := range sums {
			sums[i] = zeroed(len(lanes))
		}
		p, r := copies(w, src), GP64()
		add := func(sum []vec) {
			a := YMM()
			VBROADCASTSS(Mem{Base: p[0]}, a)
			for i, l := range lanes {
				VFMADD231PS(l.load(p[1]), a, sum[i])
			}
			ADDQ(strideW, p[0])
			ADDQ(stride, p[1])
		}
		MOVQ(rows, r)
		SUBQ(Imm(uint64(unroll)), r)
		JLT(LabelRef(label + "Rest"))
		Label(label + "Several")
		for _, sum := range sums {
			add(sum)
		}
		SUBQ(Imm(uint64(unroll)), r)
		JGE(LabelRef(label + "Several"))
		Label(label + "Rest")
		ADDQ(Imm(uint64(unroll)), r)
		JZ(LabelRef(label + "Add"))
		Label(label + "One")
		add(sums[0])
		DECQ(r)
		JNZ(LabelRef(label + "One"))
		Label(label + "Add")
		for i, l := range lanes {
			for _, sum := range sums[1:] {
				VADDPS(sum[i], sums[0][i], sums[0][i])
			}
			v := l.load(dst)
			VADDPS(sums[0][i], v, v)
			l.store(v, dst)
		}
	})
	finish()
}
