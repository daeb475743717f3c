package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// DiagRows is the largest number of rows that DiagSteps takes side by side.
const DiagRows = 16

// DiagTogether returns how many rows of n steps, as far apart, DiagSteps takes side by side.
func DiagTogether[F Float](n int) int {
	if floats.Single[F]() && diagWide32(n, n) {
		return DiagRows
	}
	return DiagRows / 4
}

// DiagSteps takes diagonal linear recurrences, which lie along time, through n steps. Row i of each operand begins at
// i*stride, and state has one number for each of them:
//
//	x_t = a_t x_{t-1} + b_t        state = x_0, then x_n
//
// If reverse is true the last step comes first, x_t = a_t x_{t+1} + b_t. If x is nil only the states are written. x may
// be a or b.
func DiagSteps[F Float](x, a, b, state []F, n, stride int, reverse bool) {
	if len(state) == 0 || n < 1 {
		return
	}
	holds := func(v []F) bool { return floats.Holds(len(v), len(state), n, stride) }
	if stride < n || !holds(a) || !holds(b) || x != nil && !holds(x) {
		panic(fmt.Sprintf("simd: DiagSteps: slices of %d, %d and %d elements for %d rows of %d, %d apart", len(x), len(a), len(b), len(state), n, stride))
	}
	if floats.Single[F]() {
		diagSteps32(floats.As32(x), floats.As32(a), floats.As32(b), floats.As32(state), n, stride, reverse)
		return
	}
	diagStepsPortable(x, a, b, state, n, stride, reverse)
}

// Product returns the product of x, computed in float64; 1 if x is empty.
func Product[F Float](x []F) float64 {
	if floats.Single[F]() {
		return product32(floats.As32(x))
	}
	return productPortable(x)
}
