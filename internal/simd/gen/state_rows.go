package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func stateRowKernels() {
	stateRows()
	adjointRows()
}

// A rowLoop goes over contiguous rows of width floats, which are whole vectors and a masked rest. It advances the
// pointers after each row.
type rowLoop struct {
	width, rows, i, full reg.GPVirtual
	rest                 reg.GPVirtual // whether there is a masked rest
	mask                 vec
	rowPointers          []reg.GPVirtual // of arrays [rows, width]
	pointers             []reg.GPVirtual // of arrays [rows]
}

func newRowLoop(width, rows reg.GPVirtual, rowPointers, pointers []reg.GPVirtual) *rowLoop {
	l := &rowLoop{width: width, rows: rows, i: GP64(), full: GP64(), rest: GP64(), mask: YMM(), rowPointers: rowPointers, pointers: pointers}
	at := GP64()
	SHLQ(Imm(2), l.width) // bytes
	MOVQ(l.width, l.full)
	ANDQ(I32(-32), l.full)
	MOVQ(l.width, l.rest)
	SUBQ(l.full, l.rest)
	LEAQ(tailMask(), at)
	SUBQ(l.rest, at)
	VMOVDQU(Mem{Base: at, Disp: 32}, l.mask)
	return l
}

// A rowLane is a vector within a row, the u-th of those that a loop takes at a time, or the masked rest.
type rowLane struct {
	l      *rowLoop
	u      int
	masked bool
}

func (e rowLane) at(p reg.Register) Mem { return Mem{Base: p, Disp: 32 * e.u, Index: e.l.i, Scale: 1} }

func (e rowLane) load(p reg.Register) vec { return e.loadFrom(e.at(p)) }

func (e rowLane) store(v vec, p reg.Register) { e.storeTo(v, e.at(p)) }

func (e rowLane) loadFrom(m Mem) vec {
	v := YMM()
	if e.masked {
		VMASKMOVPS(m, e.l.mask, v)
	} else {
		VMOVUPS(m, v)
	}
	return v
}

func (e rowLane) storeTo(v vec, m Mem) {
	if e.masked {
		VMASKMOVPS(v, e.l.mask, m)
	} else {
		VMOVUPS(v, m)
	}
}

// vectors emits a pass over the current row.
func (l *rowLoop) vectors(label string, body func(e rowLane)) {
	XORQ(l.i, l.i)
	JMP(LabelRef(label + "Enough"))
	Label(label)
	body(rowLane{l: l})
	ADDQ(Imm(32), l.i)
	Label(label + "Enough")
	CMPQ(l.i, l.full)
	JLT(LabelRef(label))
	TESTQ(l.rest, l.rest)
	JZ(LabelRef(label + "Done"))
	body(rowLane{l: l, masked: true})
	Label(label + "Done")
}

// blocks emits a pass over the current row by blocks of the given numbers of vectors, the last of them 1, and the masked
// rest.
func (l *rowLoop) blocks(label string, sizes []int, body func(label string, lanes []rowLane)) {
	left := GP64()
	XORQ(l.i, l.i)
	for _, n := range sizes {
		label := fmt.Sprint(label, n)
		JMP(LabelRef(label + "Enough"))
		Label(label)
		lanes := make([]rowLane, n)
		for u := range lanes {
			lanes[u] = rowLane{l: l, u: u}
		}
		body(label, lanes)
		ADDQ(Imm(uint64(32*n)), l.i)
		Label(label + "Enough")
		MOVQ(l.full, left)
		SUBQ(l.i, left)
		CMPQ(left, Imm(uint64(32*n)))
		JGE(LabelRef(label))
	}
	TESTQ(l.rest, l.rest)
	JZ(LabelRef(label + "Done"))
	body(label+"Rest", []rowLane{{l: l, masked: true}})
	Label(label + "Done")
}

func (l *rowLoop) next(label string) {
	for _, p := range l.rowPointers {
		ADDQ(l.width, p)
	}
	for _, p := range l.pointers {
		ADDQ(Imm(4), p)
	}
	DECQ(l.rows)
	JNZ(LabelRef(label))
	finish()
}

func stateRows() {
	function("stateRowsAVX2", "func(z, state, top, x, y *float32, width, rows int, scale float32)",
		`is

	for r := range rows {
		top[r] = 0
		for i := r * width; i < (r+1)*width; i++ {
			state[i] = x[i] + y[i]
			top[r] = max(top[r], abs(state[i])) // NaN if one is NaN
		}
		var factor float32
		if top[r] != 0 {
			factor = scale / top[r]
		}
		for i := r * width; i < (r+1)*width; i++ {
			z[i] = factor * state[i]
		}
	}`)
	z, state, top, x, y := pointer("z"), pointer("state"), pointer("top"), pointer("x"), pointer("y")
	l := newRowLoop(pointer("width"), pointer("rows"), pointers(z, state, x, y), pointers(top))
	scale, abs := scalar("scale"), absMask()
	Label("row")
	best := zeroed(1)
	l.vectors("sum", func(e rowLane) {
		v, w := e.load(x), e.load(y)
		VADDPS(w, v, v)
		e.store(v, state)
		VANDPS(abs, v, v) // 0 where masked
		VPMAXSD(v, best[0], best[0])
	})
	m := largest(best)
	VMOVSS(m.AsX(), Mem{Base: top})
	factor := quotientOrZero(scale, m)
	l.vectors("scale", func(e rowLane) {
		v := e.load(state)
		VMULPS(factor, v, v)
		e.store(v, z)
	})
	l.next("row")
}

func adjointRows() {
	function("adjointRowsAVX2", "func(adjoint, du, kept, top, x, dz, now, before *float32, width, rows int, scale float32)",
		`is

	for r := range rows {
		var factor float32
		if now[r] != 0 {
			factor = scale / now[r]
		}
		top[r] = 0
		for i := r * width; i < (r+1)*width; i++ {
			adjoint[i] = x[i] + factor*dz[i]
			du[i] = adjoint[i]
			kept[i] = before[r] / scale * adjoint[i]
			top[r] = max(top[r], abs(adjoint[i])) // NaN if one is NaN
		}
	}`)
	adjoint, du, kept, top := pointer("adjoint"), pointer("du"), pointer("kept"), pointer("top")
	x, dz, now, before := pointer("x"), pointer("dz"), pointer("now"), pointer("before")
	l := newRowLoop(pointer("width"), pointer("rows"), pointers(adjoint, du, kept, x, dz), pointers(top, now, before))
	scale, abs := scalar("scale"), absMask()
	Label("row")
	m, weight := YMM(), YMM()
	VMOVSS(Mem{Base: now}, m.AsX())
	c := quotientOrZero(scale, m)
	VBROADCASTSS(Mem{Base: before}, weight)
	VDIVPS(scale, weight, weight)
	best := zeroed(1)
	l.vectors("adjoint", func(e rowLane) {
		v, w := e.load(x), e.load(dz)
		VFMADD231PS(c, w, v)
		e.store(v, adjoint)
		e.store(v, du)
		VMULPS(weight, v, w)
		e.store(w, kept)
		VANDPS(abs, v, v)
		VPMAXSD(v, best[0], best[0])
	})
	VMOVSS(largest(best).AsX(), Mem{Base: top})
	l.next("row")
}

// quotientOrZero is a divided by the low element of b in all places, or 0 if that is 0.
func quotientOrZero(a, b vec) vec {
	q, zero := YMM(), YMM()
	VBROADCASTSS(b.AsX(), q)
	VXORPS(zero, zero, zero)
	VCMPPS(Imm(cmpNotEqual), zero, q, zero) // b != 0, NaN among them
	VDIVPS(q, a, q)
	VANDPS(zero, q, q)
	return q
}
