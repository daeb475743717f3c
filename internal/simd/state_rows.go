package simd

import "goomtrain/internal/simd/floats"

// One step of a linear recurrence, forward and backward, on many rows in one call: rows are short, and a call for
// each part of each row would take longer than the arithmetic.

// StateRows adds rows of states [R, D] and scales each sum so that its largest magnitude is scale:
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
	if floats.Single[F]() {
		stateRows32(floats.As32(z), floats.As32(state), floats.As32(top), floats.As32(x), floats.As32(y), width, float32(scale))
		return
	}
	stateRowsPortable(z, state, top, x, y, width, scale)
}

// AdjointRows is the step backward: it takes the adjoints [R, D] of the states of a step to those of the step before:
//
//	adjoint = du = x + dz * (scale/now)     (the factor is 0 where now is 0)
//	kept = adjoint * (before/scale)         top = max |adjoint|
//
// now, before and top are [R]; now and before are what StateRows returned in top for the step and for the one before
// it. adjoint may be x.
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
	if floats.Single[F]() {
		adjointRows32(floats.As32(adjoint), floats.As32(du), floats.As32(kept), floats.As32(top), floats.As32(x), floats.As32(dz), floats.As32(now), floats.As32(before), width, float32(scale))
		return
	}
	adjointRowsPortable(adjoint, du, kept, top, x, dz, now, before, width, scale)
}
