package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// Diagonal linear recurrences of complex states with real inputs and outputs, ModeLanes channels side by side. Every
// channel has an even number of modes n with the coefficients a, of the state, and c, of the output:
//
//	s_n = a_n s_n + u        y = d u + sum over n of cr_n Re s_n + ci_n Im s_n
//
// Coefficients are [modes, 4, ModeLanes]: ar, ai, cr, ci. A state is [modes, 2, ModeLanes]: its real and imaginary parts.
// u and y are rows of ModeLanes elements, a stride apart.

// ModeLanes is the number of channels that go side by side.
const ModeLanes = 8

// ModeRows takes the state through the rows of u and writes the rows of y. d is [ModeLanes]. It panics if a slice is too
// short or the stride is shorter than a row. y must not overlap the others.
func ModeRows[F Float](y, u, state, c, d []F, rows, stride int) {
	checkModes("ModeRows", y, u, c, rows, stride)
	if len(state)*2 != len(c) || len(d) != ModeLanes {
		panic(fmt.Sprintf("simd: ModeRows: a state of %d and %d direct terms for %d coefficients", len(state), len(d), len(c)))
	}
	if rows == 0 || len(c) == 0 {
		return
	}
	if floats.Single[F]() {
		modeRows32(floats.As32(y), floats.As32(u), floats.As32(state), floats.As32(c), floats.As32(d), rows, stride)
		return
	}
	modeRowsPortable(y, u, state, c, d, rows, stride)
}

// ModeStates takes a state through the rows of u and keeps all states: states is [rows+1, modes, 2, ModeLanes], of which
// the first is given.
func ModeStates[F Float](states, u, c []F, rows, stride int) {
	checkModes("ModeStates", u, u, c, rows, stride)
	checkStates("ModeStates", states, c, rows)
	if rows == 0 || len(c) == 0 {
		return
	}
	if floats.Single[F]() {
		modeStates32(floats.As32(states), floats.As32(u), floats.As32(c), rows, stride)
		return
	}
	modeStatesPortable(states, u, c, rows, stride)
}

// ModeRowsBackward is the gradient of ModeRows, last row first. states are those of ModeStates. adjoint [modes, 4,
// ModeLanes] begins with the real and imaginary parts of the gradient of the state after the last row, which become those
// of the state before the first. To the other two are added the gradients of the real and imaginary parts of a factor of u
// that is 1, and to dc those of the coefficients. du must not overlap the others.
func ModeRowsBackward[F Float](du, dy, u, states, adjoint, dc, c, d []F, rows, stride int) {
	checkModes("ModeRowsBackward", du, dy, c, rows, stride)
	checkModes("ModeRowsBackward", u, dy, c, rows, stride)
	checkStates("ModeRowsBackward", states, c, rows)
	if len(adjoint) != len(c) || len(dc) != len(c) || len(d) != ModeLanes {
		panic(fmt.Sprintf("simd: ModeRowsBackward: an adjoint of %d, gradients of %d and %d direct terms for %d coefficients", len(adjoint), len(dc), len(d), len(c)))
	}
	if rows == 0 || len(c) == 0 {
		return
	}
	if floats.Single[F]() {
		modeRowsBackward32(floats.As32(du), floats.As32(dy), floats.As32(u), floats.As32(states), floats.As32(adjoint), floats.As32(dc), floats.As32(c), floats.As32(d), rows, stride)
		return
	}
	modeRowsBackwardPortable(du, dy, u, states, adjoint, dc, c, d, rows, stride)
}

// checkModes panics unless c has an even number of modes and both slices have the rows.
func checkModes[F Float](name string, dst, src, c []F, rows, stride int) {
	if len(c)%(2*4*ModeLanes) != 0 {
		panic(fmt.Sprintf("simd: %s: %d coefficients, want an even number of modes of %d", name, len(c), 4*ModeLanes))
	}
	if rows == 0 {
		return
	}
	if need := (rows-1)*stride + ModeLanes; rows < 0 || stride < ModeLanes || len(dst) < need || len(src) < need {
		panicRows(name, rows, ModeLanes, stride, len(dst), len(src))
	}
}

func checkStates[F Float](name string, states, c []F, rows int) {
	if len(states) != (rows+1)*len(c)/2 {
		panic(fmt.Sprintf("simd: %s: states of %d elements for %d rows of %d coefficients", name, len(states), rows, len(c)))
	}
}
