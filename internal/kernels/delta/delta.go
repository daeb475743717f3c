package delta

import (
	"fmt"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Operands are the operands of the rule, or their gradients. Rows of a token hold step after step, and within a step head
// after head.
type Operands[F simd.Float] struct {
	Q    []F // [B, T, KH, K]
	K    []F // [B, T, n, KH, K]
	V    []F // [B, T, n, VH, V]
	Beta []F // [B, T, n, VH]
	G    []F // [B, T, VH] logarithms of the decays; nil: no decay
}

// Kernel is the fast form, for B sequences of T tokens.
type Kernel[F simd.Float] struct {
	Sizes
	batch, time int // B, T

	want    bool // Backward will be called
	r       []F  // [B, T, n, VH, V] of the last Forward
	start   []F  // [B, VH, K, V] the states before the last Forward
	resumed bool // the last Forward continued from a carry
	pool    workspace.Pool[scratch[F]]
	grain   int // blocks of value channels that one worker takes

	x                 Operands[F] // operands of the running call
	o                 []F
	carry             *Carry[F]
	grad              Operands[F]
	do, last, first   []F
	partQ, partK      []F // [B, VH, T, K] and [B, VH, T, n, K]: gradients of the value heads that share a key head
	forward, backward func(task int)
	sumKeyHead        func(task int)

	left             []F // of Leave
	leave, leaveBack func(task int)
}

// scratch is the memory of one worker.
type scratch[F simd.Float] struct {
	run   simd.DeltaRun[F]
	steps []simd.DeltaStep[F] // [T*n]
	decay []F                 // [T]
	state []F                 // [max(K, V), DeltaColumns]
	r     []F                 // [DeltaColumns]
	zeros []F                 // [DeltaColumns]
	dk    []F                 // [K]
}

// leastWork is the number of multiplications and additions of a piece of work, some microseconds: for less, as for one token,
// no other core is worth waking.
const leastWork = 1 << 18

// New returns the kernel for B = batch sequences of T = time tokens.
func New[F simd.Float](batch, time int, sizes Sizes) *Kernel[F] {
	if batch < 1 || time < 1 {
		panic(fmt.Sprintf("delta: %d sequences of %d tokens, want at least 1 of 1", batch, time))
	}
	k := &Kernel[F]{Sizes: sizes.Check()}
	k.pool.Create = func() *scratch[F] {
		return &scratch[F]{
			steps: make([]simd.DeltaStep[F], time*k.Steps), decay: workspace.Make[F](time),
			state: workspace.Make[F](max(k.DKey, k.DValue) * simd.DeltaColumns), r: workspace.Make[F](simd.DeltaColumns),
		}
	}
	k.Resize(batch, time)
	k.forward, k.backward, k.sumKeyHead = k.forwardBlocks, k.backwardHead, k.sumGroup
	k.leave, k.leaveBack = k.leaveHead, k.leaveBackHead
	return k
}

// Resize makes it the kernel of batch sequences of time tokens, at most as many as New was given.
func (k *Kernel[F]) Resize(batch, time int) {
	k.batch, k.time = batch, time
	k.grain = 1 + leastWork/(3*k.steps()*k.DKey*min(k.DValue, simd.DeltaColumns))
}

// WantGradients makes every later Forward keep what Backward needs.
func (k *Kernel[F]) WantGradients() { k.want = true }

// steps is the number of steps of a sequence.
func (k *Kernel[F]) steps() int { return k.time * k.Steps }

// prepare sets the decays and betas of the steps of a value head.
func (k *Kernel[F]) prepare(s *scratch[F], b, head int) {
	if k.x.G != nil {
		decay := s.decay[:k.time]
		for t := range decay {
			decay[t] = k.x.G[(b*k.time+t)*k.ValueHeads+head]
		}
		simd.Exp(decay, decay)
	}
	beta, i := k.x.Beta[b*k.steps()*k.ValueHeads+head:], 0
	for t := range k.time {
		for j := range k.Steps {
			s.steps[i] = simd.DeltaStep[F]{Decay: 1, Beta: beta[i*k.ValueHeads], Read: j == k.Steps-1}
			i++
		}
		if k.x.G != nil {
			s.steps[t*k.Steps].Decay = s.decay[t]
		}
	}
}

// rows returns the rows of a sequence in an operand [B, rows, heads, width], from a column of a head on.
func rows[F simd.Float](x []F, b, rows, heads, width, head, column int) simd.Strided[F] {
	return simd.Strided[F]{Data: x[b*rows*heads*width+head*width+column:], Stride: heads * width}
}

// Forward writes o [B, T, VH, V]. If carry is not nil the sequences continue from it, and it receives the last states.
func (k *Kernel[F]) Forward(o []F, x Operands[F], carry *Carry[F]) {
	if k.resumed = carry != nil; k.resumed {
		k.CheckCarry(carry)
	}
	if k.want {
		k.r = workspace.Grow(k.r, k.batch*k.steps()*k.ValueHeads*k.DValue)
		if k.resumed {
			k.start = workspace.Grow(k.start, len(carry.state))
			copy(k.start, carry.state)
		}
	}
	k.o, k.x, k.carry = o, x, carry
	k.pool.For(simd.Pieces(k.tasks(), k.grain), k.forward)
}

// blocks is the number of blocks of value channels of a head.
func (k *Kernel[F]) blocks() int { return simd.Pieces(k.DValue, simd.DeltaColumns) }

// tasks is the number of blocks of all heads of all sequences.
func (k *Kernel[F]) tasks() int { return k.batch * k.ValueHeads * k.blocks() }

// forwardBlocks computes the blocks of one worker.
func (k *Kernel[F]) forwardBlocks(piece int) {
	s := k.pool.Take()
	for task := piece * k.grain; task < min((piece+1)*k.grain, k.tasks()); task++ {
		k.forwardBlock(s, task)
	}
	k.pool.Give(s)
}

// forwardBlock computes a block of value channels of one head of one sequence.
func (k *Kernel[F]) forwardBlock(s *scratch[F], task int) {
	head, at := task/k.blocks()%k.ValueHeads, task%k.blocks()*simd.DeltaColumns
	b, n := task/k.blocks()/k.ValueHeads, min(k.DValue-at, simd.DeltaColumns)
	k.prepare(s, b, head)
	s.run = simd.DeltaRun[F]{
		Rows: k.DKey, Columns: n, Steps: s.steps[:k.steps()], Scale: F(k.Scale), State: simd.Strided[F]{Data: s.state, Stride: n},
		K: k.keyRows(k.x.K, b, head, 0), Q: k.queryRows(k.x.Q, b, head, 0), V: k.valueRows(k.x.V, b, head, at),
		O: rows(k.o, b, k.time, k.ValueHeads, k.DValue, head, at), R: simd.Strided[F]{Data: s.r},
	}
	if k.want {
		s.run.R = k.valueRows(k.r, b, head, at)
	}
	if k.carry != nil { // in place
		s.run.State = rows(k.carry.state, b*k.ValueHeads+head, k.DKey, 1, k.DValue, 0, at)
	} else {
		clear(s.state[:k.DKey*n])
	}
	simd.DeltaForward(&s.run)
}

// queryRows, keyRows and valueRows return the rows of a value head in an operand of the shape of Q, K or V.
func (k *Kernel[F]) queryRows(x []F, b, head, column int) simd.Strided[F] {
	return rows(x, b, k.time, k.KeyHeads, k.DKey, head/k.group(), column)
}

func (k *Kernel[F]) keyRows(x []F, b, head, column int) simd.Strided[F] {
	return rows(x, b, k.steps(), k.KeyHeads, k.DKey, head/k.group(), column)
}

func (k *Kernel[F]) valueRows(x []F, b, head, column int) simd.Strided[F] {
	return rows(x, b, k.steps(), k.ValueHeads, k.DValue, head, column)
}
