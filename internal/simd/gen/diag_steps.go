package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// diagRows is the number of rows of a diagonal recurrence that go side by side.
const diagRows = 16

func diagStepKernels() {
	for _, wide := range []bool{false, true} {
		for _, reverse := range []bool{false, true} {
			diagKernel("diagSteps", true, reverse, wide)
			diagKernel("diagTotals", false, reverse, wide)
		}
	}
	productKernel(false)
	productKernel(true)
}

// diagKernel takes 16 rows, which lie along time, through blocks of four steps. The four steps of four rows are
// transposed within a part of 128 bits of the vectors, so two levels of shuffles make a vector of each step.
func diagKernel(name string, store, reverse, wide bool) {
	start, end, order := "0", "4*blocks", "t++"
	if reverse {
		name, start, end, order = name+"Back", "4*blocks-1", "-1", "t--"
	}
	to, x, names, doc := "", "", []string{"a", "b"}, ""
	if store {
		to, x, names, doc = "x, ", `
			x[i*stride/4+t] = state[i]`, append(names, "x"), " of x,"
	}
	instructions := "AVX2"
	if wide {
		instructions = "AVX512"
	}
	function(name+instructions, "func("+to+"a, b, state *float32, blocks, stride, ahead, step int)", fill(`is, with the stride in bytes,

	for t := START; t != END; ORDER {
		for i := range 16 {
			state[i] = a[i*stride/4+t]*state[i] + b[i*stride/4+t]X
		}
	}

In every four steps it fetches four cache linesDOC of a and of b, ahead bytes from there, and adds step to ahead.`, "START", start, "END", end, "ORDER", order, "X", x, "DOC", doc))
	k := &diag{wide: wide, s3: GP64()}
	for i := range k.quad[1:] {
		k.quad[1+i] = GP64()
	}
	var arrays []reg.GPVirtual
	for _, name := range names {
		arrays = append(arrays, pointer(name))
	}
	state, blocks, ahead, step := pointer("state"), pointer("blocks"), pointer("ahead"), pointer("step")
	k.s = pointer("stride")
	LEAQ(Mem{Base: k.s, Index: k.s, Scale: 2}, k.s3)
	groups := diagRows / k.lanes()
	last := make([]vec, groups) // the states
	for g := range last {
		last[g] = k.vector()
		VMOVUPS(Mem{Base: state, Disp: 4 * g * k.lanes()}, last[g])
	}
	if reverse {
		LEAQ(Mem{Base: blocks, Disp: -1}, k.quad[1])
		SHLQ(Imm(4), k.quad[1])
		for _, p := range arrays {
			ADDQ(k.quad[1], p)
		}
	}
	Label("block")
	for _, p := range arrays {
		for line := range 4 {
			PREFETCHT1(Mem{Base: p, Index: ahead, Scale: 1, Disp: 64 * line})
		}
	}
	ADDQ(step, ahead)
	for g := range groups {
		a, b := k.load(arrays[0], g), k.load(arrays[1], g)
		s := last[g]
		for i := range 4 {
			t := i
			if reverse {
				t = 3 - i
			}
			VMULPS(s, a[t], a[t])
			VADDPS(b[t], a[t], a[t])
			s = a[t]
		}
		VMOVAPS(s, last[g])
		if store {
			k.store(a, arrays[2], g)
		}
	}
	for _, p := range arrays {
		if reverse {
			SUBQ(Imm(16), p)
		} else {
			ADDQ(Imm(16), p)
		}
	}
	DECQ(blocks)
	JNZ(LabelRef("block"))
	for g, v := range last {
		VMOVUPS(v, Mem{Base: state, Disp: 4 * g * k.lanes()})
	}
	finish()
}

// diag is one such kernel under construction.
type diag struct {
	wide  bool
	s, s3 reg.GPVirtual    // bytes from row to row, and three times that
	quad  [4]reg.GPVirtual // rows 0, 4, 8 and 12
}

func (k *diag) lanes() int {
	if k.wide {
		return 16
	}
	return 8
}

func (k *diag) vector() vec {
	if k.wide {
		return ZMM()
	}
	return YMM()
}

// row is four steps of the j-th row of a quad.
func (k *diag) row(quad, j int) Mem {
	switch m := (Mem{Base: k.quad[quad]}); j {
	case 1, 2:
		m.Index, m.Scale = k.s, uint8(j)
		return m
	case 3:
		m.Index, m.Scale = k.s3, 1
		return m
	default:
		return m
	}
}

// quads makes the pointers of the rows of a group of lanes.
func (k *diag) quads(p reg.GPVirtual, group int) (first, behind int) {
	first = group * k.lanes() / 4
	behind = first + k.lanes()/4
	for q := first; q < behind; q++ {
		switch q {
		case 0:
			k.quad[0] = p
		case 1:
			LEAQ(Mem{Base: p, Index: k.s, Scale: 4}, k.quad[1])
		case 2:
			LEAQ(Mem{Base: p, Index: k.s, Scale: 8}, k.quad[2])
		case 3:
			LEAQ(Mem{Base: p, Index: k.s, Scale: 4}, k.quad[3])
			LEAQ(Mem{Base: k.quad[3], Index: k.s, Scale: 8}, k.quad[3])
		}
	}
	return first, behind
}

// load returns four steps of the rows of a group.
func (k *diag) load(p reg.GPVirtual, group int) (steps [4]vec) {
	first, behind := k.quads(p, group)
	var rows [4]vec
	for j := range rows {
		rows[j] = k.vector()
		if k.wide {
			VBROADCASTF32X4(k.row(first, j), rows[j])
		} else {
			VBROADCASTF128(k.row(first, j), rows[j])
		}
		for q := first + 1; q < behind; q++ {
			if k.wide {
				VINSERTF32X4(Imm(uint64(q-first)), k.row(q, j), rows[j], rows[j])
			} else {
				VINSERTF128(Imm(1), k.row(q, j), rows[j], rows[j])
			}
		}
	}
	return k.transpose(rows)
}

// store writes four steps of the rows of a group.
func (k *diag) store(steps [4]vec, p reg.GPVirtual, group int) {
	first, behind := k.quads(p, group)
	for j, v := range k.transpose(steps) {
		VMOVUPS(v.AsX(), k.row(first, j))
		for q := first + 1; q < behind; q++ {
			if k.wide {
				VEXTRACTF32X4(Imm(uint64(q-first)), v, k.row(q, j))
			} else {
				VEXTRACTF128(Imm(1), v, k.row(q, j))
			}
		}
	}
}

// transpose transposes the matrices [4, 4] in the parts of 128 bits.
func (k *diag) transpose(x [4]vec) (y [4]vec) {
	low01, high01, low23, high23 := k.vector(), k.vector(), k.vector(), k.vector()
	VUNPCKLPS(x[1], x[0], low01)
	VUNPCKHPS(x[1], x[0], high01)
	VUNPCKLPS(x[3], x[2], low23)
	VUNPCKHPS(x[3], x[2], high23)
	for p, pair := range [4][2]vec{{low01, low23}, {low01, low23}, {high01, high23}, {high01, high23}} {
		y[p] = k.vector()
		if p%2 == 0 {
			VUNPCKLPD(pair[1], pair[0], y[p])
		} else {
			VUNPCKHPD(pair[1], pair[0], y[p])
		}
	}
	return y
}

// productKernel multiplies 32 interleaved parts of a row in float64 and then the parts, so that both widths round alike.
func productKernel(wide bool) {
	name, lanes := "productAVX2", 4
	vector := func() vec { return YMM() }
	if wide {
		name, lanes = "productAVX512", 8
		vector = func() vec { return ZMM() }
	}
	function(name, "func(x *float32, blocks int) float64", `is

	product := 1.0
	for _, v := range x[:32*blocks] {
		product *= float64(v)
	}
	return product`)
	x, blocks := pointer("x"), pointer("blocks")
	parts := make([]vec, 32/lanes)
	for i := range parts {
		parts[i] = vector()
		convert(x, 4*lanes*i, parts[i])
	}
	JMP(LabelRef("next"))
	Label("block")
	for i := range parts {
		v := vector()
		convert(x, 4*lanes*i, v)
		VMULPD(v, parts[i], parts[i])
	}
	Label("next")
	ADDQ(U32(128), x)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	for n := len(parts) / 2; n > 0; n /= 2 {
		for i := range n {
			VMULPD(parts[i+n], parts[i], parts[i])
		}
	}
	p := parts[0]
	if wide {
		high := YMM()
		VEXTRACTF64X4(Imm(1), p, high)
		VMULPD(high, p.AsY(), p.AsY())
	}
	high := XMM()
	VEXTRACTF128(Imm(1), p.AsY(), high)
	VMULPD(high, p.AsX(), p.AsX())
	VUNPCKHPD(p.AsX(), p.AsX(), high)
	VMULSD(high, p.AsX(), p.AsX())
	a, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(fmt.Sprint("gen: product: ", err))
	}
	VMOVSD(p.AsX(), a.Addr)
	finish()
}

// convert loads as many floats as v has places for float64.
func convert(p reg.GPVirtual, disp int, v vec) { VCVTPS2PD(Mem{Base: p, Disp: disp}, v) }
