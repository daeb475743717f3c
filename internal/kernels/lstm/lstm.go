package lstm

import (
	"fmt"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Kernel is the fast form, for B sequences of T steps and H numbers.
type Kernel[F simd.Float] struct {
	batch, time, width int

	gates        []F // [B, T, 4H] of the last Forward
	before, cell []F // [B, T, H] h_{t-1} and c_t
	squashed     []F // [B, T, H] tanh(c_t)
	start        []F // [B, H] c before the first step
	zeros        []F // [H]
	weights      []F // [H, 4H] W^T
	group        int // sequences that one worker takes through time together
	scratch      []scratch[F]

	h, u, w, bias, du, dbias, dy []F // operands of the running call
	reset                        []int32
	carry                        *Carry[F]
	last, first                  *Carry[F] // see Between
	forward, reverse, sum        func(i int)
	arguments, token             func(i int) // the two parts of forward for one step of streams, before and after the product
}

// scratch is the memory of one group of G sequences.
type scratch[F simd.Float] struct {
	product []F // [H] i g
	dh, dc  []F // [G, H] what comes from the step behind
}

// largestGroup is the number of rows of a step's product from which on it runs at full speed. A batch makes at least two
// groups, so that two cores have work.
const largestGroup = 8

// New returns the kernel.
func New[F simd.Float](batch, time, width int) *Kernel[F] {
	if batch < 1 || time < 1 || width < 1 {
		panic(fmt.Sprintf("lstm: %d sequences of %d steps of %d numbers, want at least 1 of each", batch, time, width))
	}
	n := batch * time * width
	k := &Kernel[F]{batch: batch, time: time, width: width, gates: workspace.Make[F](4 * n), before: workspace.Make[F](n), cell: workspace.Make[F](n),
		squashed: workspace.Make[F](n), start: make([]F, batch*width), zeros: make([]F, width), weights: workspace.Make[F](4 * width * width)}
	// The number of rows of a product depends on the sizes alone, because products of few and of many rows may round differently.
	k.group = min(simd.Pieces(batch, 2), largestGroup)
	for range simd.Pieces(batch, k.group) {
		g := k.group * width
		k.scratch = append(k.scratch, scratch[F]{product: workspace.Make[F](width), dh: workspace.Make[F](g), dc: workspace.Make[F](g)})
	}
	k.forward, k.reverse, k.sum = k.forwardGroup, k.reverseGroup, k.sumGate
	k.arguments = func(i int) {
		b0, b1 := k.sequences(i)
		k.enter(b0, b1, 0)
	}
	k.token = func(i int) {
		b0, b1 := k.sequences(i)
		for b := b0; b < b1; b++ {
			k.step(&k.scratch[i], b, 0)
		}
		k.leave(b0, b1)
	}
	return k
}

// Forward writes h [B, T, H]. Where reset [B, T] is not 0, the state before the step is 0; nil: nowhere. If carry is not nil
// the sequences continue from it, and it receives the last state.
func (k *Kernel[F]) Forward(h, u, w, bias []F, reset []int32, carry *Carry[F]) {
	if want := [2]int{k.batch, k.width}; carry != nil && carry.shape != want {
		panic(fmt.Sprintf("lstm: the carry has shape %v, want %v", carry.shape, want))
	}
	k.h, k.u, k.w, k.bias, k.reset, k.carry = h, u, w, bias, reset, carry
	if clear(k.start); carry != nil {
		copy(k.start, carry.c)
	}
	if k.transposes() {
		for i := range k.width {
			row := k.weights[i*4*k.width:][:4*k.width]
			for j := range row {
				row[j] = w[j*k.width+i]
			}
		}
	}
	if k.carry != nil && k.time == 1 {
		// A token of streams: one product of all of them, whose rows do not depend on each other's number.
		n := k.width
		simd.For(len(k.scratch), k.arguments)
		matmul.Rows(true, k.batch, 4*n, n, k.before, n, k.w, n, k.gates, 4*n, nil, k.gates, 4*n)
		simd.For(len(k.scratch), k.token)
		return
	}
	simd.For(len(k.scratch), k.forward)
}

// fewSteps is a number of steps that is too small for a copy of W^T, by which the products of several rows run faster.
const fewSteps = 16

func (k *Kernel[F]) transposes() bool { return k.time >= fewSteps }

// begins reports whether the state before step t of a sequence is 0.
func (k *Kernel[F]) begins(b, t int) bool {
	return t == 0 && k.carry == nil || k.reset != nil && k.reset[b*k.time+t] != 0
}

// row returns H numbers of step t of a sequence in x [B, T, H], gate the 4H in x [B, T, 4H].
func (k *Kernel[F]) row(x []F, b, t int) []F { return x[(b*k.time+t)*k.width:][:k.width] }

func (k *Kernel[F]) gate(x []F, b, t int) []F { return x[(b*k.time+t)*4*k.width:][:4*k.width] }

// cellBefore returns c_{t-1} of a sequence.
func (k *Kernel[F]) cellBefore(b, t int) []F {
	switch {
	case k.begins(b, t):
		return k.zeros
	case t == 0:
		return k.start[b*k.width:][:k.width]
	}
	return k.row(k.cell, b, t-1)
}

// hiddenBefore returns h_{t-1} of a sequence.
func (k *Kernel[F]) hiddenBefore(b, t int) []F {
	switch {
	case k.begins(b, t):
		return k.zeros
	case t == 0:
		return k.carry.h[b*k.width:][:k.width]
	}
	return k.row(k.h, b, t-1)
}

// forwardGroup takes the sequences of one group through time.
func (k *Kernel[F]) forwardGroup(i int) {
	s, n := &k.scratch[i], k.width
	b0, b1 := k.sequences(i)
	for t := range k.time {
		k.enter(b0, b1, t)
		at := b0*k.time + t
		if k.transposes() {
			matmul.Serial(false, false, b1-b0, 4*n, n, 1, k.before[at*n:], k.time*n, k.weights, 4*n, 1, k.gates[at*4*n:], k.time*4*n)
		} else {
			matmul.Serial(false, true, b1-b0, 4*n, n, 1, k.before[at*n:], k.time*n, k.w, n, 1, k.gates[at*4*n:], k.time*4*n)
		}
		for b := b0; b < b1; b++ {
			k.step(s, b, t)
		}
	}
	if k.carry != nil {
		k.leave(b0, b1)
	}
}

// sequences returns which sequences the i-th group has.
func (k *Kernel[F]) sequences(i int) (b0, b1 int) { return i * k.group, min((i+1)*k.group, k.batch) }

// enter keeps h before step t of sequences, and begins the arguments of their gates.
func (k *Kernel[F]) enter(b0, b1, t int) {
	for b := b0; b < b1; b++ {
		copy(k.row(k.before, b, t), k.hiddenBefore(b, t))
		simd.Add(k.gate(k.gates, b, t), k.gate(k.u, b, t), k.bias)
	}
}

// leave keeps the last state of sequences in the carry.
func (k *Kernel[F]) leave(b0, b1 int) {
	for b := b0; b < b1; b++ {
		copy(k.carry.h[b*k.width:], k.row(k.h, b, k.time-1))
		copy(k.carry.c[b*k.width:], k.row(k.cell, b, k.time-1))
	}
}

// step makes gates, c and h of step t of a sequence from the arguments of the gates.
func (k *Kernel[F]) step(s *scratch[F], b, t int) {
	n, gates, c, squashed := k.width, k.gate(k.gates, b, t), k.row(k.cell, b, t), k.row(k.squashed, b, t)
	simd.Sigmoid(gates[:2*n], gates[:2*n])
	simd.Tanh(gates[2*n:3*n], gates[2*n:3*n])
	simd.Sigmoid(gates[3*n:], gates[3*n:])
	simd.Mul(s.product, gates[:n], gates[2*n:3*n])
	simd.Mul(c, gates[n:2*n], k.cellBefore(b, t))
	simd.Add(c, c, s.product)
	simd.Tanh(squashed, c)
	simd.Mul(k.row(k.h, b, t), gates[3*n:], squashed)
}
