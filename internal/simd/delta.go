package simd

import (
	"fmt"
	"unsafe"

	"goomtrain/internal/simd/floats"
)

// The delta rule on a state S of R rows and W columns, several steps in one call. The state stays in the cache, and
// every step goes over it once: what a step needs to know of the state before it is summed up while the step before it
// writes that state. With a row of S for every key channel i, the columns being value channels,
//
//	r = v - a k S        S' = a S + k^T beta r        o = scale q S' (where a query reads)
//
// Columns do not depend on one another.

// A DeltaStep holds the numbers of one step. Read, Decay and Beta are the caller's. DeltaReverse and DeltaReplay add
// to the others, except Score. With the adjoint A of the state after the step, without what the step's own query adds,
// the step's contribution to <dS, S> is Before - Later.
type DeltaStep[F Float] struct {
	Decay  F    // a
	Beta   F    // beta
	Score  F    // scale q . k of the key of this step; 0 if no query reads
	DBeta  F    // gradient of beta
	Own    F    // beta r . do
	Later  F    // k A (beta r)^T
	Before F    // scale q (a S) do^T - k (a S) dv^T
	Read   bool // a query reads the state after this step
}

// Strided is a list of rows that are Stride elements apart.
type Strided[F Float] struct {
	Data   []F
	Stride int
}

// row returns row i, of n elements.
func (s *Strided[F]) row(i, n int) []F { return s.Data[i*s.Stride : i*s.Stride+n] }

// from returns the rows from row i on, if there are any, without their first columns.
func (s *Strided[F]) from(i, column int) Strided[F] {
	return Strided[F]{s.Data[min(i*s.Stride+column, len(s.Data)):], s.Stride}
}

// A DeltaRun is a run of steps and its operands. K, V, R, DK and DV have a row for each step, Q, O, DQ and DO one for
// each step with a query. Steps may share a row (of stride 0) where it is only written.
type DeltaRun[F Float] struct {
	Rows, Columns int // R, W of the state
	Steps         []DeltaStep[F]
	State         Strided[F] // [R, W]
	K, V, Q, O, R Strided[F]
	DK, DV        Strided[F]
	DQ, DO        Strided[F]
	Scale         F
}

// DeltaForward takes the state through the steps. It writes O [, W] and R [, W] and reads K and Q [, R] and V [, W].
func DeltaForward[F Float](d *DeltaRun[F]) {
	d.check("DeltaForward", deltaWidths{k: d.Rows, q: d.Rows, v: d.Columns, o: d.Columns, r: d.Columns})
	for at, n := 0, 0; at < d.Columns; at += n {
		n = deltaBlock(d.Columns - at)
		b := *d
		b.Columns, b.State, b.V, b.O, b.R = n, d.State.from(0, at), d.V.from(0, at), d.O.from(0, at), d.R.from(0, at)
		if floats.Single[F]() {
			deltaForward32(deltaAs32(&b))
		} else {
			deltaForwardPortable(&b)
		}
	}
}

// DeltaReverse takes the adjoint of the state, which it finds in State, from after the last step to before the first:
//
//	dS += scale q^T do    kd = k dS    dbeta += kd . r    dv = beta kd    dk += dS (beta r)^T    dS = a (dS - k^T dv)
//
// It writes DV [, W], adds to DK [, R] and to DBeta, Own and Later of the steps, and reads K and Q [, R], R and DO [, W].
func DeltaReverse[F Float](d *DeltaRun[F]) {
	d.check("DeltaReverse", deltaWidths{k: d.Rows, q: d.Rows, r: d.Columns, dk: d.Rows, dv: d.Columns, do: d.Columns})
	for at, n := 0, 0; at < d.Columns; at += n {
		n = deltaBlock(d.Columns - at)
		b := *d
		b.Columns, b.State, b.R, b.DV, b.DO = n, d.State.from(0, at), d.R.from(0, at), d.DV.from(0, at), d.DO.from(0, at)
		if floats.Single[F]() {
			deltaReverse32(deltaAs32(&b))
		} else {
			deltaReversePortable(&b)
		}
	}
}

// DeltaReplay takes the state through the steps again, from what they have written, for the gradients that it reads. Here
// the state is transposed, a row for each value channel and a column for each key channel:
//
//	dk -= a S dv^T    S = a S + k^T beta r    dq += scale S do^T
//
// It adds to DK and DQ [, W] and to Before of the steps, and reads K and Q [, W], R, DV and DO [, R], and Own.
func DeltaReplay[F Float](d *DeltaRun[F]) {
	d.check("DeltaReplay", deltaWidths{k: d.Columns, q: d.Columns, r: d.Rows, dk: d.Columns, dq: d.Columns, dv: d.Rows, do: d.Rows})
	for at, n := 0, 0; at < d.Columns; at += n {
		n = deltaBlock(d.Columns - at)
		b := *d
		b.Columns, b.State, b.K, b.Q, b.DK, b.DQ = n, d.State.from(0, at), d.K.from(0, at), d.Q.from(0, at), d.DK.from(0, at), d.DQ.from(0, at)
		if floats.Single[F]() {
			deltaReplay32(deltaAs32(&b))
		} else {
			deltaReplayPortable(&b)
		}
	}
}

// DeltaColumns is the largest number of columns that are computed together: their sums are four vectors. A state of more
// columns is best cut into states of so many, each in memory of its own.
const DeltaColumns = 32

// deltaBlock returns how many of the columns left are computed next: whole vectors as long as there are.
func deltaBlock(left int) int {
	for n := DeltaColumns; n >= 8; n /= 2 {
		if left >= n {
			return n
		}
	}
	return left
}

// deltaWidths are the lengths of the rows of the operands; those of 0 are not used.
type deltaWidths struct{ k, q, v, o, r, dk, dv, dq, do int }

// check panics unless the operands have all rows.
func (d *DeltaRun[F]) check(name string, w deltaWidths) {
	reads := countReads(d.Steps)
	if d.Rows < 1 || d.Columns < 1 {
		panic(fmt.Sprintf("simd: %s: state of %d rows and %d columns", name, d.Rows, d.Columns))
	}
	need := func(operand string, s *Strided[F], rows, width int) {
		if last := (rows-1)*s.Stride + width; rows > 0 && width > 0 && (s.Stride < 0 || len(s.Data) < last) {
			panic(fmt.Sprintf("simd: %s: %s has %d elements, want %d rows of %d, %d apart", name, operand, len(s.Data), rows, width, s.Stride))
		}
	}
	need("State", &d.State, d.Rows, d.Columns)
	steps := len(d.Steps)
	need("K", &d.K, steps, w.k)
	need("V", &d.V, steps, w.v)
	need("R", &d.R, steps, w.r)
	need("DK", &d.DK, steps, w.dk)
	need("DV", &d.DV, steps, w.dv)
	need("Q", &d.Q, reads, w.q)
	need("O", &d.O, reads, w.o)
	need("DQ", &d.DQ, reads, w.dq)
	need("DO", &d.DO, reads, w.do)
}

// countReads returns the number of steps with a query.
func countReads[F Float](steps []DeltaStep[F]) (n int) {
	for i := range steps {
		if steps[i].Read {
			n++
		}
	}
	return n
}

// part returns the steps from first to last, with the operands whose rows begin at read query.
func (d *DeltaRun[F]) part(first, last, reads int) DeltaRun[F] {
	p := *d
	p.Steps = d.Steps[first:last]
	p.K, p.V, p.R, p.DK, p.DV = d.K.from(first, 0), d.V.from(first, 0), d.R.from(first, 0), d.DK.from(first, 0), d.DV.from(first, 0)
	p.Q, p.O, p.DQ, p.DO = d.Q.from(reads, 0), d.O.from(reads, 0), d.DQ.from(reads, 0), d.DO.from(reads, 0)
	return p
}

// deltaAs32 changes the static type of a run of float32.
func deltaAs32[F Float](d *DeltaRun[F]) *DeltaRun[float32] {
	return (*DeltaRun[float32])(unsafe.Pointer(d))
}
