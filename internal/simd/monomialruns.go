package simd

import "fmt"

// A Run is N consecutive elements of a vector that is computed in such pieces: see MultiplyRuns and
// WeighRuns.
type Run struct{ To, From, N, X int }

// Runs is a list of runs that has been checked. They are in the order in which they are computed, and that
// of the places that they write to.
type Runs struct {
	list      []Run
	to, reach int // end of what they write, and of what they read
}

// runSlack is how far beyond its end a run may write: whole vectors make short runs fast.
const runSlack = 7

// NewRuns returns the list. It panics if a run is empty or negative or writes before the end of the one
// before it.
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

// MultiplyRuns sets work[To+j] = work[From+j] * work[X] for j < N, run by run: products of what runs before
// have made. What follows a run's end, up to 7 elements, may be written, too, so work must have as many
// beyond the last run; it panics if it has not.
func MultiplyRuns[F Float](work []F, r *Runs) {
	if need := max(r.to, r.reach) + runSlack; len(work) < need {
		panic(fmt.Sprintf("simd: MultiplyRuns: %d elements, the runs need %d", len(work), need))
	}
	if len(r.list) == 0 {
		return
	}
	if single[F]() {
		multiplyRuns32(as32(work), r.list)
		return
	}
	multiplyRunsPortable(work, r.list)
}

// WeighRuns sets dst[To+j] = work[From+j] * work[X] * weight[To+j] for j < N, run by run. All slices must have
// 7 elements beyond the runs, of which those of dst may be written; it panics if they have not. dst must
// not overlap the others.
func WeighRuns[F Float](dst, work, weight []F, r *Runs) {
	if len(dst) < r.to+runSlack || len(weight) < r.to+runSlack || len(work) < r.reach+runSlack {
		panic(fmt.Sprintf("simd: WeighRuns: slices of %d, %d and %d elements for runs from %d to %d", len(dst), len(work), len(weight), r.reach, r.to))
	}
	if len(r.list) == 0 {
		return
	}
	if single[F]() {
		weighRuns32(as32(dst), as32(work), as32(weight), r.list)
		return
	}
	weighRunsPortable(dst, work, weight, r.list)
}

// DotRows adds the inner product of x and row r of a to dst[r], for r < len(dst); rows have len(x) numbers
// and are stride elements apart. It panics if a is too short or stride is shorter than a row. dst must
// not overlap the others.
func DotRows[F Float](dst, x, a []F, stride int) {
	n, rows := len(x), len(dst)
	if n == 0 || rows == 0 {
		return
	}
	if stride < n || len(a) < (rows-1)*stride+n {
		panicRows("DotRows", rows, n, stride, rows, len(a))
	}
	if single[F]() {
		dotRows32(as32(dst), as32(x), as32(a), stride)
		return
	}
	dotRowsPortable(dst, x, a, stride)
}

func multiplyRunsPortable[F Float](work []F, runs []Run) {
	for _, r := range runs {
		x, src := work[r.X], work[r.From:r.From+r.N]
		dst := work[r.To : r.To+r.N][:len(src)]
		for j, v := range src {
			dst[j] = v * x
		}
	}
}

func weighRunsPortable[F Float](dst, work, weight []F, runs []Run) {
	for _, r := range runs {
		x, src := work[r.X], work[r.From:r.From+r.N]
		out, by := dst[r.To : r.To+r.N][:len(src)], weight[r.To : r.To+r.N][:len(src)]
		for j, v := range src {
			out[j] = v * x * by[j]
		}
	}
}

func dotRowsPortable[F Float](dst, x, a []F, stride int) {
	for r := range dst {
		dst[r] += dotPortable(x, a[r*stride:][:len(x)])
	}
}
