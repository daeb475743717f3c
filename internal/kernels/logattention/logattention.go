package logattention

import (
	"fmt"
	"math"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Kernel is the attention of arXiv 2404.05843, whose similarity is the logarithm of a dot product
// of exponentials and whose values and outputs are logarithms:
//
//	w_ts = sum_k exp(q_tk + k_sk)                       over s <= t if causal, over all s if not
//	y_tv = ln(sum_s w_ts exp(v_sv)) - ln(sum_s w_ts)
//
//	q [B, T, H, K]   k [B, T, H, K]   v, y [B, T, H, V]   each where multihead.Rows says
//
// With a column of ones, c = V, after those of the values, the denominator is one more numerator, so all
// sums are alike: N_tc = sum_s w_ts exp(v_sc), y_tv = ln N_tv - ln N_tV. All that a later position needs
// of the earlier ones is a state of constant size (C = V+1 columns):
//
//	S_kc = ln sum_s exp(k_sk + v_sc)        N_tc = sum_k exp(q_tk + S_kc)
//
// Time runs in chunks of L positions. Inside a chunk sums are taken of numbers relative to references of
// the chunk, by matrix products (logchunk.go); a sum that underflows there is taken again among logarithms
// (logexact.go). Across chunks S is kept in float64, whatever F is: it sums a whole sequence.
//
// Signed: exp(v) may carry a sign, y and S then too. A sum that is exactly zero has no gradient.
type Kernel[F simd.Float] struct {
	size    multihead.Size
	signed  bool
	columns int // C = V+1
	chunk   int // L
	tasks   int // B*H

	// what the backward pass needs; without WantGradients two slots of states are used in turn
	slots  int
	states []float64 // [B*H, slots, K, C] ln|S| before each chunk, and after the last
	signs  []float64 // the same, +-1; nil if not signed
	refs   []F       // [B*H, chunks, K+C] references of chunks, if causal
	sums   []F       // [B*H, Tq, C] N relative to the references of their chunks
	weak   []bool    // [B*H, Tq] rows in which a sum underflowed

	pool             workspace.Pool[chunk[F]]
	x, dx            Operands[F] // operands of the running call
	y, sign, dy      multihead.Rows[F]
	carry            *Carry
	dStart, dEnd     []F
	forward, reverse func(task int)
}

// Operands are the inputs of a LogAttention, or their gradients. Sign, of the values, is +1 or -1; it
// is read where values are signed and has no gradient.
type Operands[F simd.Float] struct {
	Q, K, V, Sign multihead.Rows[F]
}

// Carry is the state S of a LogAttention between two stretches of one sequence.
type Carry struct {
	logs  []float64 // [B, H, K, V+1]; -Inf: nothing yet
	signs []float64 // the same shape; nil if values are not signed
	shape [4]int
}

// NewCarry returns the carry of sequences not begun.
func NewCarry(batch, heads, keys, values int, signed bool) *Carry {
	c := &Carry{logs: make([]float64, batch*heads*keys*(values+1)), shape: [4]int{batch, heads, keys, values + 1}}
	if signed {
		c.signs = make([]float64, len(c.logs))
	}
	c.Reset()
	return c
}

// Reset forgets all positions.
func (c *Carry) Reset() {
	for i := range c.logs {
		c.logs[i] = math.Inf(-1)
	}
	for i := range c.signs {
		c.signs[i] = 1
	}
}

// Arrays is the whole state, sharing its memory, under names that begin with prefix.
func (c *Carry) Arrays(prefix string) []params.Array {
	arrays := []params.Array{{Name: prefix + "log_sums", Shape: c.shape[:], Data: c.logs}}
	if c.signs != nil {
		arrays = append(arrays, params.Array{Name: prefix + "signs", Shape: c.shape[:], Data: c.signs})
	}
	return arrays
}

// chunkLength is L: a chunk's L^2 weights cost as much as its work on the state.
const chunkLength = 64

// New returns the kernel of that size.
func New[F simd.Float](size multihead.Size, signed bool) *Kernel[F] {
	size.Check("logattention")
	k := &Kernel[F]{size: size, signed: signed, columns: size.DValue + 1, tasks: size.Tasks(),
		chunk: min(chunkLength, max(size.Queries, size.Keys)), slots: 2}
	k.pool.Create = k.newChunk
	k.forward, k.reverse = k.forwardTask, k.reverseTask
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

func (k *Kernel[F]) makeStates() {
	n := k.tasks * k.slots * k.size.DKey * k.columns
	k.states = make([]float64, n)
	if k.signed {
		k.signs = make([]float64, n)
	}
}

// savedReferences is where those of the chunk from position lo on are kept, nil if they are not.
func (k *Kernel[F]) savedReferences(task, lo int) []F {
	if k.refs == nil {
		return nil
	}
	n := k.size.DKey + k.columns
	at := (task*(k.slots-1) + lo/k.chunk) * n
	return k.refs[at : at+n]
}

// state is a slot of a task's states, and of their signs.
func (k *Kernel[F]) state(task, slot int) (state logSums) {
	n := k.size.DKey * k.columns
	at := (task*k.slots + slot%k.slots) * n
	state.logs = k.states[at : at+n]
	if k.signed {
		state.signs = k.signs[at : at+n]
	}
	return state
}

// logSums is S [K, C] of one task.
type logSums struct{ logs, signs []float64 }

// Forward writes y, and its sign where values are signed. If carry is not nil the sequences go on from
// it, all its positions being visible to every query, and it receives the last state.
func (k *Kernel[F]) Forward(y, sign multihead.Rows[F], x Operands[F], carry *Carry) {
	if want := [4]int{k.size.Batch, k.size.Heads, k.size.DKey, k.columns}; carry != nil && (carry.shape != want || (carry.signs != nil) != k.signed) {
		panic(fmt.Sprintf("logattention: the carry has shape %v (signed: %v), want %v (%v)", carry.shape, carry.signs != nil, want, k.signed))
	}
	k.x, k.y, k.sign, k.carry = x, y, sign, carry
	k.pool.For(k.tasks, k.forward)
}

// Backward writes the gradients d of x from dy and the last Forward. dEnd, the gradient of the logarithms
// of the last state [B, H, K, V+1], may be nil: zero; dStart, if it is not nil, receives that of the
// state from which the sequences went on. Both are zero where the state has nothing yet.
func (k *Kernel[F]) Backward(d, x Operands[F], dy multihead.Rows[F], dStart, dEnd []F) {
	if k.sums == nil {
		panic("logattention: Backward without WantGradients before Forward")
	}
	k.dx, k.x, k.dy, k.dStart, k.dEnd = d, x, dy, dStart, dEnd
	k.pool.For(k.tasks, k.reverse)
}

// forwardTask takes one head of one sequence through time.
func (k *Kernel[F]) forwardTask(task int) {
	c := k.pool.Take()
	defer k.pool.Give(c)
	first := k.state(task, 0)
	n := len(first.logs)
	if k.carry != nil {
		copy(first.logs, k.carry.logs[task*n:])
		if k.signed {
			copy(first.signs, k.carry.signs[task*n:])
		}
	} else {
		for i := range first.logs {
			first.logs[i] = math.Inf(-1)
		}
		for i := range first.signs {
			first.signs[i] = 1
		}
	}
	last := first
	if k.size.Causal {
		for i := range simd.Pieces(k.size.Keys, k.chunk) {
			c.openNext(task, i*k.chunk, min(k.chunk, k.size.Keys-i*k.chunk), last)
			c.read()
			last = k.state(task, i+1)
			c.absorb(last)
		}
	} else {
		last = k.absorbAll(c, task, first)
		for lo := 0; lo < k.size.Queries; lo += k.chunk {
			c.open(task, lo, 0, min(k.chunk, k.size.Queries-lo), last)
			c.read()
		}
	}
	if k.carry != nil {
		copy(k.carry.logs[task*n:], last.logs)
		if k.signed {
			copy(k.carry.signs[task*n:], last.signs)
		}
	}
}

// absorbAll takes all keys into the state before any is read. It leaves the first state where it is, if
// there is a slot for that.
func (k *Kernel[F]) absorbAll(c *chunk[F], task int, first logSums) logSums {
	last := first
	for i := range simd.Pieces(k.size.Keys, k.chunk) {
		c.open(task, i*k.chunk, min(k.chunk, k.size.Keys-i*k.chunk), 0, last)
		next := k.state(task, 1-i%2)
		if k.slots == 3 {
			next = k.state(task, 1+i%2)
		}
		c.absorb(next)
		last = next
	}
	return last
}

// lastSlot is where forwardTask left the last state for reverseTask.
func (k *Kernel[F]) lastSlot() int {
	if n := simd.Pieces(k.size.Keys, k.chunk); k.size.Causal {
		return n
	} else {
		return 1 + (n-1)%2
	}
}

// reverseTask takes the adjoint of the state of one head of one sequence back through time. It is the
// gradient of the logarithms S: moderate numbers, whatever the magnitude of S.
func (k *Kernel[F]) reverseTask(task int) {
	c := k.pool.Take()
	defer k.pool.Give(c)
	n := len(c.adjoint)
	clear(c.adjoint)
	if k.dEnd != nil {
		copy(c.adjoint, k.dEnd[task*n:])
	}
	first, last := k.state(task, 0), k.state(task, k.lastSlot())
	if k.size.Causal {
		for i := simd.Pieces(k.size.Keys, k.chunk) - 1; i >= 0; i-- {
			c.openAgain(task, i*k.chunk, min(k.chunk, k.size.Keys-i*k.chunk), k.state(task, i))
			c.reverse(k.state(task, i+1))
			c.adjoint, c.before = c.before, c.adjoint
		}
	} else {
		for lo := 0; lo < k.size.Queries; lo += k.chunk {
			c.open(task, lo, 0, min(k.chunk, k.size.Queries-lo), last)
			c.reverse(logSums{})
			simd.Add(c.adjoint, c.adjoint, c.before)
		}
		for lo := 0; lo < k.size.Keys; lo += k.chunk {
			c.open(task, lo, min(k.chunk, k.size.Keys-lo), 0, last)
			c.reverse(last)
		}
		c.shareOf(first, last)
	}
	if k.dStart != nil {
		copy(k.dStart[task*n:(task+1)*n], c.adjoint)
	}
}
