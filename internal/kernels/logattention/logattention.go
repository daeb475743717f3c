package logattention

import (
	"fmt"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Kernel is the fast form, of one size. Time runs in chunks of L positions: inside a chunk sums are taken
// by matrix products, across chunks the state S is carried in float64 whatever F is, because it sums a
// whole sequence.
type Kernel[F simd.Float] struct {
	size    multihead.Size
	signed  bool
	columns int // C = V+1
	chunk   int // L
	tasks   int // B*H

	// what the backward pass needs; without WantGradients there are two slots of states, used in turn
	slots  int
	states []float64 // [B*H, slots, K, C] ln|S| before each chunk, and after the last one
	signs  []float64 // the same shape, +1 or -1; nil if not signed
	refs   []F       // [B*H, chunks, K+C] references of chunks, if causal
	sums   []F       // [B*H, Tq, C] N relative to the references of their chunks
	weak   []bool    // [B*H, Tq] rows in which a sum underflowed

	pool             workspace.Pool[chunk[F]]
	x, dx            Operands[F] // operands of the running call
	y, sign, dy      multihead.Rows[F]
	carry            *Carry
	dStart, dEnd     []F
	forward, reverse func(task int)

	left      []float64 // of Leave
	leave     func(task int)
	stateOnly bool // see LeaveBack
}

// Operands are the inputs of a Kernel, or their gradients. Sign is the sign of the values, +1 or -1; it is
// read if values are signed, and has no gradient.
type Operands[F simd.Float] struct {
	Q, K, V, Sign multihead.Rows[F]
}

// chunkLength is L. The L^2 weights of a chunk cost about as much as its work on the state.
const chunkLength = 64

// New returns the kernel of that size, for signed values or for values that are all positive.
func New[F simd.Float](size multihead.Size, signed bool) *Kernel[F] {
	size.Check("logattention")
	k := &Kernel[F]{size: size, signed: signed, columns: size.DValue + 1, tasks: size.Tasks(),
		chunk: min(chunkLength, max(size.Queries, size.Keys)), slots: 2}
	k.pool.Create = k.newChunk
	k.forward, k.reverse, k.leave = k.forwardTask, k.reverseTask, k.leaveTask
	k.makeStates()
	return k
}

// WantGradients makes every later Forward keep what Backward needs.
func (k *Kernel[F]) WantGradients() {
	k.sums, k.weak = make([]F, k.tasks*k.size.Queries*k.columns), make([]bool, k.tasks*k.size.Queries)
	if k.size.Causal {
		k.slots = simd.Pieces(k.size.Keys, k.chunk) + 1
		k.refs = make([]F, k.tasks*(k.slots-1)*(k.size.DKey+k.columns))
	} else {
		k.slots = 3 // two in turn, and the first
	}
	k.makeStates()
}

// Resize makes it the kernel of batch sequences of length queries and as many keys, at most as many as New was given.
func (k *Kernel[F]) Resize(batch, length int) {
	k.size.Batch, k.size.Queries, k.size.Keys = batch, length, length
	k.tasks = k.size.Tasks()
}

// Forward writes y, and its sign if values are signed. If carry is not nil the sequences continue from it:
// every query sees all positions of the carry, and the carry receives the last state.
func (k *Kernel[F]) Forward(y, sign multihead.Rows[F], x Operands[F], carry *Carry) {
	if want := [4]int{k.size.Batch, k.size.Heads, k.size.DKey, k.columns}; carry != nil && (carry.shape != want || (carry.signs != nil) != k.signed) {
		panic(fmt.Sprintf("logattention: the carry has shape %v (signed: %v), want %v (%v)", carry.shape, carry.signs != nil, want, k.signed))
	}
	k.x, k.y, k.sign, k.carry = x, y, sign, carry
	k.pool.For(k.tasks, k.forward)
}

// Backward writes the gradients d of the operands x of the last Forward. dEnd is the gradient of the
// logarithms of the last state [B, H, K, V+1]; nil stands for zero. dStart, if it is not nil, receives that
// of the state from which the sequences continued, which is 0 where that state had nothing yet.
func (k *Kernel[F]) Backward(d, x Operands[F], dy multihead.Rows[F], dStart, dEnd []F) {
	if k.sums == nil {
		panic("logattention: Backward without WantGradients before Forward")
	}
	k.dx, k.x, k.dy, k.dStart, k.dEnd = d, x, dy, dStart, dEnd
	k.pool.For(k.tasks, k.reverse)
}
