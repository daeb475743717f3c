package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A width is what kernels that are written once for vectors of 256 and of 512 bits depend on. Both do the same
// operations on each element, so both make the same bits.
type width struct {
	suffix   string // of the kernel's name
	vector   func() vec
	constant func(m Mem) vec // in a register
	gates    func(x []vec) []vec
	// stream emits a loop over n floats of the arrays at the given pointers, several vectors a step, with a body that may
	// work on them by turns.
	stream func(n reg.GPVirtual, pointers []reg.GPVirtual, body func(lanes []mover))
}

// A mover loads and stores the vectors of its lane.
type mover interface {
	load(p reg.Register) vec
	store(v vec, p reg.Register)
}

var narrow = width{
	suffix: "AVX2", vector: func() vec { return YMM() }, constant: loaded, gates: gates,
	stream: func(n reg.GPVirtual, pointers []reg.GPVirtual, body func(lanes []mover)) {
		streamTogether("loop", n, []int{2, 1}, pointers, func(lanes []lane) { body(movers(lanes)) })
	},
}

var wide = width{
	suffix: "AVX512", vector: func() vec { return ZMM() }, constant: everywhere, gates: wideGates,
	stream: func(n reg.GPVirtual, pointers []reg.GPVirtual, body func(lanes []mover)) {
		wideStreamTogether(n, pointers, func(lanes []wideLane) { body(movers(lanes)) })
	},
}

func movers[L mover](lanes []L) []mover {
	m := make([]mover, len(lanes))
	for i, l := range lanes {
		m[i] = l
	}
	return m
}
