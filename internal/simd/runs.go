package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// A Run says how to compute N consecutive elements of a vector, from To on: each is an element, from From on, times
// the element X. See MultiplyRuns and WeighRuns.
type Run struct{ To, From, N, X int }

// Runs is a list of runs that has been checked. They are computed in the order of the list, which is the order of the
// elements that they write.
type Runs struct {
	list      []Run
	to, reach int // end of the elements that they write, and of those that they read
}

// runSlack is the number of elements that a run may write beyond its end: short runs are fast in whole vectors.
const runSlack = 7

// NewRuns checks the list and returns it. It panics if a run is empty, has a negative index or begins before the end
// of the run before it.
func NewRuns(list []Run) *Runs {
	r := &Runs{list: list}
	for _, run := range list {
		if run.N < 1 || run.From < 0 || run.X < 0 || run.To < r.to {
			panic(fmt.Sprintf("simd: NewRuns: %+v after a run that ends at %d", run, r.to))
		}
		r.to, r.reach = run.To+run.N, max(r.reach, run.From+run.N, run.X+1)
	}
	return r
}

// MultiplyRuns sets work[To+j] = work[From+j] * work[X] for j < N, one run after the other, so that a run may read
// what an earlier one has written. It may write up to 7 elements beyond the end of a run. It panics if work does
// not have 7 elements beyond the runs.
func MultiplyRuns[F Float](work []F, r *Runs) {
	if need := max(r.to, r.reach) + runSlack; len(work) < need {
		panic(fmt.Sprintf("simd: MultiplyRuns: %d elements, the runs need %d", len(work), need))
	}
	if len(r.list) == 0 {
		return
	}
	if floats.Single[F]() {
		multiplyRuns32(floats.As32(work), r.list)
		return
	}
	multiplyRunsPortable(work, r.list)
}

// WeighRuns sets dst[To+j] = work[From+j] * work[X] * weight[To+j] for j < N, one run after the other. It may write up
// to 7 elements of dst beyond the end of a run. It panics if a slice does not have 7 elements beyond the runs. dst
// must not overlap the others.
func WeighRuns[F Float](dst, work, weight []F, r *Runs) {
	if len(dst) < r.to+runSlack || len(weight) < r.to+runSlack || len(work) < r.reach+runSlack {
		panic(fmt.Sprintf("simd: WeighRuns: slices of %d, %d and %d elements for runs from %d to %d", len(dst), len(work), len(weight), r.reach, r.to))
	}
	if len(r.list) == 0 {
		return
	}
	if floats.Single[F]() {
		weighRuns32(floats.As32(dst), floats.As32(work), floats.As32(weight), r.list)
		return
	}
	weighRunsPortable(dst, work, weight, r.list)
}
