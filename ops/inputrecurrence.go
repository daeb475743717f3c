package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels/recurrence"
	"goomtrain/params"
)

// This file holds the recurrences whose matrix depends on the input. What they have in common:
//
//	x_t = x_{t-1} A_t + u_t        z_t = e^2 * x_t / max_j |x_tj|   (row by row; a row of zeros gives 0)
//
// with H heads, each of R rows of width D and a D x D matrix A_t: u [B, T, H*R*D], x0 [H, R, D] -> z [B, T, H*R*D].
// There is no stabilization: rows have an exponent of their own, so states, matrices and gates may exceed the range of
// floats. Gradients: of u, x0 and what A_t is made of; the maximum is detached. A gradient that has no float is a large
// finite number.
//
// reset is nil or int32 [B, T]: where it is not 0, the state is x_0 before that step, because a new document begins
// there. The gradient into the past ends there and goes to x_0.
//
// carry is nil for training. With a carry (of B, H*R, D) the sequence continues where the last run ended, and the carry
// receives the last state. It is detached: no gradient flows into it.

// RecurrenceFull is the input-dependent recurrence over generalized orders of magnitude (x_t = x_{t-1} A_t + u_t as
// above; arXiv 2510.03426 has one A for all steps) with A_t given: a [B, T, H*D*D], row-major for each head. Its entries
// may have any magnitude.
func RecurrenceFull[F params.Float](u, a, x0, reset *G.Node, carry *Carry[F]) *G.Node {
	const name = "RecurrenceFull"
	size := recurrenceSize(name, u, x0, carry)
	want(name, "a", a, size.Batch, size.Time, size.Heads*size.Width*size.Width)
	k := recurrence.NewFull[F](size)
	return inputRecurrence(name, u, x0, reset, nil, G.Nodes{a}, size, carry, k.Between,
		func(z []F, in recurrenceOperands[F], carry *Carry[F]) {
			k.Forward(z, in.u, in.floats[0], in.x0, in.reset, carry)
		},
		func(du, dx0 []F, grads [][]F, in recurrenceOperands[F], z, dz []F) {
			k.Backward(du, grads[0], dx0, in.floats[0], z, dz)
		})
}

// RecurrenceLinear is RecurrenceFull with A_t = I + h_t W of each head: h [B, T, E], w [E, H*D*D] with the columns of a
// head in the order of its matrix, row-major. The matrices are made for a few steps at a time and not stored.
func RecurrenceLinear[F params.Float](u, h, w, x0, reset *G.Node, carry *Carry[F]) *G.Node {
	const name = "RecurrenceLinear"
	size := recurrenceSize(name, u, x0, carry)
	want(name, "h", h, size.Batch, size.Time, -1)
	inner := h.Shape()[2]
	want(name, "w", w, inner, size.Heads*size.Width*size.Width)
	k := recurrence.NewLinear[F](size, inner)
	return inputRecurrence(name, u, x0, reset, nil, G.Nodes{h, w}, size, carry, k.Between,
		func(z []F, in recurrenceOperands[F], carry *Carry[F]) {
			k.Forward(z, in.u, in.floats[0], in.floats[1], in.x0, in.reset, carry)
		},
		func(du, dx0 []F, grads [][]F, in recurrenceOperands[F], z, dz []F) {
			k.Backward(du, grads[0], grads[1], dx0, in.floats[0], in.floats[1], z, dz)
		})
}

// RecurrenceTable is RecurrenceFull with a matrix for each symbol: A_t = table[token_t], tokens int32 [B, T], table
// [S, H*D*D]. A token outside 0..S-1 panics when the graph runs. The gradient of the table is a scatter-add in the order
// of the positions.
func RecurrenceTable[F params.Float](u, tokens, table, x0, reset *G.Node, carry *Carry[F]) *G.Node {
	const name = "RecurrenceTable"
	size := recurrenceSize(name, u, x0, carry)
	want(name, "tokens", tokens, size.Batch, size.Time)
	want(name, "table", table, -1, size.Heads*size.Width*size.Width)
	k := recurrence.NewTable[F](size, table.Shape()[0])
	return inputRecurrence(name, u, x0, reset, tokens, G.Nodes{table}, size, carry, k.Between,
		func(z []F, in recurrenceOperands[F], carry *Carry[F]) {
			k.Forward(z, in.u, in.tokens, in.floats[0], in.x0, in.reset, carry)
		},
		func(du, dx0 []F, grads [][]F, in recurrenceOperands[F], z, dz []F) {
			k.Backward(du, grads[0], dx0, in.tokens, in.floats[0], z, dz)
		})
}

// RecurrenceHouseholder is RecurrenceFull with A_t = gamma_t H_1 .. H_n of each head, a gate and n generalized
// Householder reflections (arXiv 2502.10297 has these on the state of linear attention):
//
//	H_j = I - beta_j k_j^T k_j / (k_j . k_j)        H_j = I where k_j = 0
//
// k [B, T, H*n*D] (head, step, channel), beta [B, T, H*n] (head, step). logGate [B, T, H] holds the natural logarithms
// of the gates: any numbers, -Inf for a gate of 0; nil stands for gates of 1. A reflection with beta 2 keeps lengths and
// angles, so a state that is only reflected neither grows nor fades.
func RecurrenceHouseholder[F params.Float](u, k, beta, logGate, x0, reset *G.Node, carry *Carry[F]) *G.Node {
	const name = "RecurrenceHouseholder"
	size := recurrenceSize(name, u, x0, carry)
	want(name, "beta", beta, size.Batch, size.Time, -1)
	n := beta.Shape()[2] / size.Heads
	want(name, "beta", beta, size.Batch, size.Time, size.Heads*n)
	want(name, "k", k, size.Batch, size.Time, size.Heads*n*size.Width)
	inputs := G.Nodes{k, beta}
	if logGate != nil {
		want(name, "logGate", logGate, size.Batch, size.Time, size.Heads)
		inputs = append(inputs, logGate)
	}
	kernel := recurrence.NewHouseholder[F](size, n)
	gate := func(x [][]F) []F {
		if logGate == nil {
			return nil
		}
		return x[2]
	}
	return inputRecurrence(name, u, x0, reset, nil, inputs, size, carry, kernel.Between,
		func(z []F, in recurrenceOperands[F], carry *Carry[F]) {
			kernel.Forward(z, in.u, in.floats[0], in.floats[1], gate(in.floats), in.x0, in.reset, carry)
		},
		func(du, dx0 []F, grads [][]F, in recurrenceOperands[F], z, dz []F) {
			kernel.Backward(du, grads[0], grads[1], gate(grads), dx0, in.floats[0], in.floats[1], z, dz)
		})
}

// recurrenceSize returns the size that u and x0 give.
func recurrenceSize[F params.Float](name string, u, x0 *G.Node, carry *Carry[F]) recurrence.Size {
	want(name, "x0", x0, -1, -1, -1)
	x := x0.Shape()
	want(name, "u", u, -1, -1, x[0]*x[1]*x[2])
	size := recurrence.Size{Batch: u.Shape()[0], Time: u.Shape()[1], Heads: x[0], Rows: x[1], Width: x[2]}
	if carry != nil && !carry.Fits(size.Batch, size.Heads*size.Rows, size.Width) {
		panic(fmt.Sprintf("ops: %s: the carry does not fit %d sequences of %d rows of width %d", name, size.Batch, size.Heads*size.Rows, size.Width))
	}
	return size
}

// recurrenceOperands are the data of an input-dependent recurrence; floats are those that A_t is made of.
type recurrenceOperands[F params.Float] struct {
	u, x0         []F
	floats        [][]F
	tokens, reset []int32 // nil if there are none
}

// inputRecurrence applies a kernel to u, x0, the floats that A_t is made of, and tokens and reset, which may be nil.
// between is that of the kernel.
func inputRecurrence[F params.Float](name string, u, x0, reset, tokens *G.Node, floats G.Nodes, size recurrence.Size, carry *Carry[F],
	between func(last, first *Carry[F]),
	forward func(z []F, in recurrenceOperands[F], carry *Carry[F]),
	backward func(du, dx0 []F, grads [][]F, in recurrenceOperands[F], z, dz []F)) *G.Node {
	inputs := append(G.Nodes{u, x0}, floats...)
	grads := []Gradient{GradPrimary, GradSide}
	for range floats {
		grads = append(grads, GradSide)
	}
	index := func(operand string, n *G.Node) (at int) {
		if n == nil {
			return -1
		}
		wantIndices(name, operand, n, u.Shape()[0], u.Shape()[1])
		inputs, grads = append(inputs, n), append(grads, GradNone)
		return len(inputs) - 1
	}
	tokensAt, resetAt := index("tokens", tokens), index("reset", reset)
	data := recurrenceOperands[F]{floats: make([][]F, len(floats))}
	read := func(in Operands[F]) recurrenceOperands[F] {
		data.u, data.x0 = in.Floats(0), in.Floats(1)
		for i := range floats {
			data.floats[i] = in.Floats(2 + i)
		}
		if tokensAt >= 0 {
			data.tokens = in.Indices(tokensAt)
		}
		if resetAt >= 0 {
			data.reset = in.Indices(resetAt)
		}
		return data
	}
	var relay *relay[*Carry[F]] // nil: sequences are whole
	def := Definition[F]{
		Name:   name,
		Inputs: inputs,
		Grads:  grads,
		Out:    u.Shape(),
		Forward: func(out []F, in Operands[F]) {
			forward(out, read(in), relay.enter(carry))
			relay.leave()
		},
		Backward: func(grad [][]F, in Operands[F], out, dout []F) {
			relay.arrive()
			backward(grad[0], grad[1], grad[2:2+len(floats)], read(in), out, dout)
			relay.depart()
		},
	}
	if reset == nil && carry == nil {
		def.Cut = func(p *Part) {
			relay = newRelay(p, func() *Carry[F] { return NewCarry[F](size.Batch, size.Heads*size.Rows, size.Width) })
			between(relay.last, relay.first)
		}
	}
	return Apply(def)
}
