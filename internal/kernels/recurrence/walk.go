package recurrence

import (
	"fmt"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Size is the shape of a recurrence whose transition differs from step to step: H heads, each with R rows of width D
// and a transition of its own. N = H*R is the number of rows of a state.
type Size struct{ Batch, Time, Heads, Rows, Width int }

// states is the number of rows of a state, N.
func (s Size) states() int { return s.Heads * s.Rows }

// check panics unless all numbers are at least 1. Constructors begin with it, before they compute with the size.
func (s Size) check() {
	if s.Batch < 1 || s.Time < 1 || s.Heads < 1 || s.Rows < 1 || s.Width < 1 {
		panic(fmt.Sprintf("recurrence: size %+v, want numbers of at least 1", s))
	}
}

// A transition is A_t for each sequence, step and head, in any form. Each method is about one step of a task.
type transition[F simd.Float] interface {
	// exponent returns what is to be added to the exponents of rows that apply or gradient multiplies.
	exponent(s *task[F], t, head int) int64

	// apply writes s.product = x A without the exponent, with x = s.state. It may change s.exponent with s.product.
	apply(s *task[F], t int)

	// gradient writes the gradient of A_t, from the adjoint s.state, 2^s.exponent and the state before the step, and
	// s.product = l A^T without the exponent of the transition. It may change s.exponent with s.product.
	gradient(s *task[F], t int, before past[F])

	// exact writes x A = dst * 2^e, without the exponent of the transition, for a row of which apply has made numbers
	// that have no float.
	exact(dst, x []F, s *task[F], t, head int) (e int64)
}

// walk takes states through time, and adjoints back. States and adjoints are block-scaled as those of Kernel. A row
// is multiplied and added to at full speed as long as all factors have floats and the sum stays within the range of
// scales; otherwise it is made again exactly (redo).
type walk[F simd.Float] struct {
	Size
	transition transition[F]

	largest  []F       // [B, T, N] largest mantissa of x_t
	exponent []int64   // [B, T, N]
	origin   *Carry[F] // x_0
	start    *Carry[F] // of a resumed sequence
	resumed  bool      // the last pass forward continued from a carry

	tasks            []task[F]
	dx0              []F // [B, N, D]: summed over B in order
	from, to         int // steps of the running pass
	z, u, dz, du     []F // operands of the running call
	reset            []int32
	last, first      *Carry[F] // see between
	forward, reverse func(task int)
}

// task is some heads of one sequence, with the memory to take them through time. M is the number of its rows.
type task[F simd.Float] struct {
	index, sequence int
	head, heads     int // heads [head, head+heads)

	state, next []F       // [M, D] mantissas
	product     []F       // [M, D]
	exponent    []int64   // [M]
	extra       []int64   // [M] of adjoints kept for a step
	factor, top []F       // [M]
	safe        []bool    // [M]
	wide        []float64 // for exact
}

// tasksWanted is how many tasks a walk is divided into where the sizes allow it: enough to keep several cores busy
// to the end.
const tasksWanted = 8

func newWalk[F simd.Float](size Size, transition transition[F], wide int) *walk[F] {
	n := size.Batch * size.Time * size.states()
	k := &walk[F]{Size: size, transition: transition, largest: workspace.Make[F](n), exponent: make([]int64, n),
		origin: NewCarry[F](1, size.states(), size.Width), start: NewCarry[F](size.Batch, size.states(), size.Width)}
	heads := simd.Pieces(size.Heads, min(size.Heads, simd.Pieces(tasksWanted, size.Batch)))
	split := simd.Pieces(size.Heads, heads) // tasks a sequence
	for i := range size.Batch * split {
		s := task[F]{index: i, sequence: i / split, head: i % split * heads, wide: make([]float64, wide)}
		s.heads = min(heads, size.Heads-s.head)
		rows := s.heads * size.Rows
		s.state, s.next, s.product = workspace.Make[F](rows*size.Width), workspace.Make[F](rows*size.Width), workspace.Make[F](rows*size.Width)
		s.exponent, s.extra, s.safe = make([]int64, rows), make([]int64, rows), make([]bool, rows)
		s.factor, s.top = workspace.Make[F](rows), workspace.Make[F](rows)
		k.tasks = append(k.tasks, s)
	}
	k.forward, k.reverse = k.forwardTask, k.reverseTask
	return k
}

// row is the index of the first row of a task at step t in arrays [B, T, N].
func (k *walk[F]) row(s *task[F], t int) int {
	return (s.sequence*k.Time+t)*k.states() + s.head*k.Rows
}

// stateRow is the index of the first row of a task in arrays [B, N].
func (k *walk[F]) stateRow(s *task[F]) int { return s.sequence*k.states() + s.head*k.Rows }

// begins reports whether a new document begins at step t.
func (k *walk[F]) begins(s *task[F], t int) bool {
	return k.reset != nil && k.reset[s.sequence*k.Time+t] != 0
}

// past is a task's rows of states before a step: row r is rows[r] * scale(r) * 2^exponent[r].
type past[F simd.Float] struct {
	rows     []F     // [M, D]
	largest  []F     // [M] of rows of z; nil for mantissas
	exponent []int64 // [M]
}

// scale returns the factor of row r.
func (p past[F]) scale(r int) F {
	if p.largest == nil {
		return 1
	}
	return p.largest[r] / readout
}

// before returns the states before step t. Those that the walk has made are read from z.
func (k *walk[F]) before(s *task[F], t int) past[F] {
	d, rows := k.Width, s.heads*k.Rows
	first := s.head * k.Rows
	switch {
	case k.begins(s, t) || t == 0 && !k.resumed:
		return past[F]{rows: k.origin.mantissa[first*d:][:rows*d], exponent: k.origin.exponent[first:]}
	case t == 0:
		first += s.sequence * k.states()
		return past[F]{rows: k.start.mantissa[first*d:][:rows*d], exponent: k.start.exponent[first:]}
	}
	at := k.row(s, t-1)
	return past[F]{rows: k.z[at*d:][:rows*d], largest: k.largest[at:], exponent: k.exponent[at:]}
}
