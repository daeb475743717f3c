package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A wideLane is one vector of sixteen floats within a loop, or the masked rest.
type wideLane struct {
	u    int
	mask *reg.OpmaskVirtual
}

func (l wideLane) at(p reg.Register) Mem { return Mem{Base: p, Disp: 64 * l.u} }

func (l wideLane) load(p reg.Register) vec {
	v := ZMM()
	if l.mask != nil {
		VMOVUPS_Z(l.at(p), *l.mask, v)
	} else {
		VMOVUPS(l.at(p), v)
	}
	return v
}

func (l wideLane) store(v vec, p reg.Register) {
	if l.mask != nil {
		VMOVUPS(v, *l.mask, l.at(p))
	} else {
		VMOVUPS(v, l.at(p))
	}
}

// wideStream emits a loop over n floats of the arrays at the given pointers, two vectors a step, then one,
// then the masked rest. It uses up n and the pointers.
func wideStream(n reg.GPVirtual, pointers []reg.GPVirtual, body func(l wideLane)) {
	wideStreamTogether(n, pointers, func(lanes []wideLane) {
		for _, l := range lanes {
			body(l)
		}
	})
}

// wideStreamTogether is wideStream with a body for all vectors of a step, which may work on them by turns.
func wideStreamTogether(n reg.GPVirtual, pointers []reg.GPVirtual, body func(lanes []wideLane)) {
	for _, step := range []int{2, 1} {
		loop, next := fmt.Sprintf("loop%d", step), fmt.Sprintf("after%d", step)
		SUBQ(Imm(uint64(16*step)), n)
		JLT(LabelRef(next))
		Label(loop)
		lanes := make([]wideLane, step)
		for u := range lanes {
			lanes[u] = wideLane{u: u}
		}
		body(lanes)
		for _, p := range pointers {
			ADDQ(U32(uint32(64*step)), p)
		}
		SUBQ(Imm(uint64(16*step)), n)
		JGE(LabelRef(loop))
		Label(next)
		ADDQ(Imm(uint64(16*step)), n)
	}
	JZ(LabelRef("done"))
	bits, mask := GP32(), K()
	MOVL(U32(0xffff), bits)
	BZHIL(n.As32(), bits, bits)
	KMOVW(bits, mask)
	body([]wideLane{{mask: &mask}})
	Label("done")
}

// everywhere is a constant in all sixteen places of a register.
func everywhere(m Mem) vec {
	v := ZMM()
	VBROADCASTSS(m, v)
	return v
}

// wideScalar broadcasts a float32 parameter.
func wideScalar(name string) vec {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return everywhere(a.Addr)
}
