package logattention

import (
	"math"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// A sequence may be cut into parts that several processes compute at the same time, each with a causal kernel of values that
// are all positive. A part leaves the sums of its own keys and values, and the state before a part is the sum of what the
// parts before it leave. The gradient of the logarithm of a state becomes share * gradient + (what the part gives) before the
// part, where share = exp(S before - S after).

// Left returns how many numbers a part leaves, ln S [B, H, K, V+1].
func (k *Kernel[F]) Left() int { return k.tasks * k.size.DKey * k.columns }

// Leave writes to left the sums of the keys and values of the operands of the Forward that follows.
func (k *Kernel[F]) Leave(left []float64, x Operands[F]) {
	k.x, k.left = x, left
	k.pool.For(k.tasks, k.leave)
}

// leaveTask is Leave for one head of one sequence.
func (k *Kernel[F]) leaveTask(task int) {
	c := k.pool.Take()
	first := k.state(task, 0)
	for i := range first.logs {
		first.logs[i] = math.Inf(-1)
	}
	last := k.absorbAll(c, task, first)
	copy(k.left[task*len(first.logs):], last.logs)
	k.pool.Give(c)
}

// LeaveBack writes to left [B, H, K, V+1] the gradient of the logarithms of the state before the part, if that of the last
// state is 0. The operands are those of Backward, which is called later: the memory of its gradients d is used.
func (k *Kernel[F]) LeaveBack(left []F, d, x Operands[F], dy multihead.Rows[F]) {
	k.stateOnly = true
	k.Backward(d, x, dy, left, nil)
	k.stateOnly = false
}

// reverseState is reverse for the gradient of S before the chunk alone.
func (c *chunk[F]) reverseState(after logSums) {
	kk, cc := c.k.size.DKey, c.k.columns
	c.setD(after)
	c.setA()
	matmul.Serial(true, false, kk, cc, c.queries, 1, c.g, kk, c.a, cc, 1, c.d, cc) // dP
	simd.Mul(c.before, c.p, c.d)
	c.reverseExactly(after)
}

// Enter makes c the state before part number part, from what the parts before it leave, part after part.
func (c *Carry) Enter(left []float64, part int) {
	c.Reset()
	n := len(c.logs)
	for at := 0; at < part*n; at += n {
		for i, l := range left[at : at+n] {
			c.logs[i] = logAdd(c.logs[i], l)
		}
	}
}

// logAdd returns ln(exp(x) + exp(y)).
func logAdd(x, y float64) float64 {
	largest := max(x, y) // NaN if one is NaN
	if math.IsInf(largest, 0) {
		return largest
	}
	return largest + math.Log1p(math.Exp(-math.Abs(x-y)))
}

// Arrive makes last the gradient of the logarithms of the last state of part number part, from what the parts leave: sums in
// left and gradients in grads, both [parts, B, H, K, V+1].
func Arrive[F simd.Float](last []F, left []float64, grads []F, part int) {
	n := len(last)
	parts := len(grads) / n
	for i := range last {
		before := math.Inf(-1) // S after the part
		for q := range part + 1 {
			before = logAdd(before, left[q*n+i])
		}
		// The gradient of the state before a part q behind it counts by the share of the state here in that.
		sum, state := 0.0, before
		for q := part + 1; q < parts; q++ {
			if !math.IsInf(before, -1) {
				sum += math.Exp(before-state) * float64(grads[q*n+i])
			}
			state = logAdd(state, left[q*n+i])
		}
		last[i] = F(sum)
	}
}
