package delta

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// A sequence may be cut into parts that several processes compute at the same time. The rule is linear in the state, so a part
// takes the state S before it to M S + (what it leaves from a state of zeros), with M [K, K] the product of its steps, and the
// gradient of its last state to M^T times that + (what its outputs give).
//
// What a part leaves is, of all heads of all sequences, M [B, VH, K, K] and then the state [B, VH, K, V].

// Left returns how many numbers a part leaves, and how many of them are those of states.
func (k *Kernel[F]) Left() (all, states int) {
	heads := k.batch * k.ValueHeads * k.DKey
	return heads * (k.DKey + k.DValue), heads * k.DValue
}

// Leave writes what the operands of the Forward that follows leave.
func (k *Kernel[F]) Leave(left []F, x Operands[F]) {
	k.x, k.left = x, left
	k.pool.For(k.batch*k.ValueHeads, k.leave)
}

// leaveHead is Leave for one head of one sequence.
func (k *Kernel[F]) leaveHead(task int) {
	s := k.pool.Take()
	b, head := task/k.ValueHeads, task%k.ValueHeads
	k.prepare(s, b, head)
	for i := range s.steps {
		s.steps[i].Read = false
	}
	s.zeros = workspace.Grow(s.zeros, simd.DeltaColumns)
	clear(s.zeros)
	all, states := k.Left()
	product, state := k.left[task*k.DKey*k.DKey:][:k.DKey*k.DKey], k.left[all-states+task*k.DKey*k.DValue:][:k.DKey*k.DValue]
	clear(product)
	for i := 0; i < len(product); i += k.DKey + 1 {
		product[i] = 1
	}
	for at := 0; at < k.DKey; at += simd.DeltaColumns {
		k.take(s, b, head, product, k.DKey, at, simd.Strided[F]{Data: s.zeros})
	}
	clear(state)
	for at := 0; at < k.DValue; at += simd.DeltaColumns {
		k.take(s, b, head, state, k.DValue, at, k.valueRows(k.x.V, b, head, at))
	}
	k.pool.Give(s)
}

// take takes a block of columns, from column at on, of a state of that many through the steps, without queries.
func (k *Kernel[F]) take(s *scratch[F], b, head int, state []F, columns, at int, v simd.Strided[F]) {
	s.run = simd.DeltaRun[F]{
		Rows: k.DKey, Columns: min(columns-at, simd.DeltaColumns), Steps: s.steps[:k.steps()],
		State: simd.Strided[F]{Data: state[at:], Stride: columns}, K: k.keyRows(k.x.K, b, head, 0), V: v, R: simd.Strided[F]{Data: s.r},
	}
	simd.DeltaForward(&s.run)
}

// LeaveBack writes to left [B, VH, K, V] the gradient of the states before the part, if that of the last states is 0. The
// operands are those of Backward, which is called later: it uses the memory of the gradient of V.
func (k *Kernel[F]) LeaveBack(left []F, grad, x Operands[F], do []F) {
	k.grad, k.x, k.do, k.last, k.first = grad, x, do, nil, left
	k.pool.For(k.batch*k.ValueHeads, k.leaveBack)
}

// leaveBackHead is LeaveBack for one head of one sequence.
func (k *Kernel[F]) leaveBackHead(task int) {
	s := k.pool.Take()
	b, head := task/k.ValueHeads, task%k.ValueHeads
	k.prepare(s, b, head)
	k.score(s, b, head)
	s.run = simd.DeltaRun[F]{Steps: s.steps[:k.steps()], Scale: F(k.Scale)}
	s.dk = workspace.Grow(s.dk, k.DKey)
	for at := 0; at < k.DValue; at += simd.DeltaColumns {
		k.reverse(s, b, head, at, simd.Strided[F]{Data: s.dk})
	}
	k.pool.Give(s)
}

// State returns the states [B, VH, K, V].
func (c *Carry[F]) State() []F { return c.state }

// Enter makes states [B, VH, K, V] those before part number part, from what the parts before it leave, part after part. Like
// Arrive, it uses memory scratch of that size.
func (k *Kernel[F]) Enter(states, scratch, left []F, part int) {
	clear(states)
	all, _ := k.Left()
	for q := range part {
		k.pass(scratch, states, left[q*all:], false)
		simd.Add(states, scratch, left[(q+1)*all-len(states):(q+1)*all])
	}
}

// Arrive makes grad [B, VH, K, V] the gradient of the last states of part number part, from what the parts leave: in left as
// in Enter, and in grads the gradients of LeaveBack.
func (k *Kernel[F]) Arrive(grad, scratch, left, grads []F, part int) {
	clear(grad)
	all, n := k.Left()
	for q := len(left)/all - 1; q > part; q-- {
		k.pass(scratch, grad, left[q*all:], true)
		simd.Add(grad, scratch, grads[q*n:(q+1)*n])
	}
}

// pass writes dst = M src [K, V], or M^T src, for every head of every sequence.
func (k *Kernel[F]) pass(dst, src, products []F, transposed bool) {
	n, v := k.DKey, k.DValue
	row, column := n, 1
	if transposed {
		row, column = 1, n
	}
	clear(dst[:len(src)])
	for task := range k.batch * k.ValueHeads {
		m, from, to := products[task*n*n:][:n*n], src[task*n*v:], dst[task*n*v:]
		for i := range n {
			simd.AddWeighted(to[i*v:(i+1)*v], m[i*row:], from, n, column, v)
		}
	}
}
