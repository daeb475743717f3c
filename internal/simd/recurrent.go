package simd

import "fmt"

// The rows of one step of a linear recurrence, forward and back, many at a call: rows are short, and a
// call for each part of each row would take longer than the arithmetic.

// StateRows adds rows [R, D] of states and reads them out by their direction, each row by itself:
//
//	state = x + y        top = max |state|        z = state * (scale/top), 0 for a row of zeros
//
// top is [R]. A NaN in a row makes its top NaN. state may be x or y.
func StateRows[F Float](z, state, top, x, y []F, scale F) {
	width := rowWidth("StateRows", top, x)
	checkMap("StateRows", state, x)
	checkMap("StateRows", state, y)
	checkMap("StateRows", z, state)
	if width == 0 {
		return
	}
	if single[F]() {
		stateRows32(as32(z), as32(state), as32(top), as32(x), as32(y), width, float32(scale))
		return
	}
	stateRowsPortable(z, state, top, x, y, width, scale)
}

// AdjointRows takes the adjoints [R, D] of such states a step back, each row by itself:
//
//	adjoint = du = x + dz * (scale/now)     (0 for the factor where now is 0)
//	kept = adjoint * (before/scale)         top = max |adjoint|
//
// now and before, the top of the states of the step and of the one before it, and top are [R]. adjoint
// may be x.
func AdjointRows[F Float](adjoint, du, kept, top, x, dz, now, before []F, scale F) {
	width := rowWidth("AdjointRows", top, x)
	checkMap("AdjointRows", adjoint, x)
	checkMap("AdjointRows", du, dz)
	checkMap("AdjointRows", kept, adjoint)
	checkMap("AdjointRows", du, adjoint)
	checkMap("AdjointRows", now, before)
	checkMap("AdjointRows", top, now)
	if width == 0 {
		return
	}
	if single[F]() {
		adjointRows32(as32(adjoint), as32(du), as32(kept), as32(top), as32(x), as32(dz), as32(now), as32(before), width, float32(scale))
		return
	}
	adjointRowsPortable(adjoint, du, kept, top, x, dz, now, before, width, scale)
}

// rowWidth is D for x [R, D] and top [R].
func rowWidth[F Float](name string, top, x []F) int {
	if len(top) == 0 && len(x) == 0 {
		return 0
	}
	if len(top) == 0 || len(x)%len(top) != 0 {
		panic(fmt.Sprintf("simd: %s: %d elements do not make %d rows", name, len(x), len(top)))
	}
	return len(x) / len(top)
}

func stateRowsPortable[F Float](z, state, top, x, y []F, width int, scale F) {
	for r := range top {
		lo, hi := r*width, (r+1)*width
		top[r] = scaleAddMaxAbsPortable(state[lo:hi], 1, x[lo:hi], 1, y[lo:hi])
		scalePortable(z[lo:hi], quotientOrZero(scale, top[r]), state[lo:hi])
	}
}

func adjointRowsPortable[F Float](adjoint, du, kept, top, x, dz, now, before []F, width int, scale F) {
	for r := range top {
		lo, hi := r*width, (r+1)*width
		top[r] = scaleAddMaxAbsPortable(adjoint[lo:hi], 1, x[lo:hi], quotientOrZero(scale, now[r]), dz[lo:hi])
		copy(du[lo:hi], adjoint[lo:hi])
		scalePortable(kept[lo:hi], before[r]/scale, adjoint[lo:hi])
	}
}

// quotientOrZero is a/b, 0 where b is 0.
func quotientOrZero[F Float](a, b F) F {
	if b == 0 {
		return 0
	}
	return a / b
}
