package taylor

import (
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// A sequence may be cut into parts that several processes compute at the same time, each with a causal kernel in the chunked
// form. A part leaves the sums over its own keys, the state before a part is the sum of what the parts before it leave, and
// its gradient is the sum of what it and the parts behind it give.

// NewPart returns the kernel of a part. All its keys and those before it are in the carry of Forward, none in its span.
func NewPart[F simd.Float](size multihead.Size, terms int) *Kernel[F] {
	k := New[F](size, terms, true)
	k.part, k.leave, k.leaveBack = true, k.leaveHead, k.leaveBackHead
	return k
}

// Left returns how many numbers a part leaves: states [B, H, V+1, M], and their gradients [B, H, m, V+1].
func (k *Kernel[F]) Left() (states, gradients int) {
	heads := k.Tasks() * (k.DValue + 1)
	return heads * k.columns, heads * k.features.Len()
}

// Leave writes to left the state that the keys and values of the Forward that follows leave behind.
func (k *Kernel[F]) Leave(left []F, keys, values multihead.Rows[F]) {
	k.k, k.v, k.left = keys, values, left
	k.run(k.leave)
}

// leaveHead is Leave for one head of one sequence.
func (k *Kernel[F]) leaveHead(task int) {
	s := k.pool.Take()
	p := k.begin(s, task, nil)
	for from := 0; from < k.Keys; {
		from += k.addKeys(&p, from, min(k.span-p.fill, k.Keys-from))
	}
	if p.fill > 0 {
		k.flush(&p)
	}
	size := k.columns * (k.DValue + 1)
	transpose(k.left[task*size:][:size], p.state, k.features.Len(), k.DValue+1, k.columns, k.DValue+1)
	k.pool.Give(s)
}

// LeaveBack writes to left the gradient of the state before the part that the queries of the last Forward give.
func (k *Kernel[F]) LeaveBack(left []F, q multihead.Rows[F], y, dy []F) {
	k.q, k.y, k.dy, k.left = q, y, dy, left
	k.run(k.leaveBack)
}

// leaveBackHead is LeaveBack for one head of one sequence.
func (k *Kernel[F]) leaveBackHead(task int) {
	s := k.pool.Take()
	p := head[F]{scratch: s, task: task, b: task / k.Heads, h: task % k.Heads, stateful: true}
	clear(p.adjoint)
	for from := 0; from < k.Queries; from += k.tile {
		n := min(k.tile, k.Queries-from)
		k.load(&p, from, n)
		k.loadGrads(&p, from, n)
		k.addAdjoint(&p, n)
	}
	copy(k.left[task*len(p.adjoint):], p.adjoint)
	k.pool.Give(s)
}

// Enter makes c the state before part number part, after so many positions, from what the parts before it leave, part after
// part.
func (c *Carry[F]) Enter(left []F, part int, positions int64) {
	clear(c.state)
	for n := len(c.state); part > 0; part, left = part-1, left[n:] {
		simd.Add(c.state, c.state, left[:n])
	}
	c.length[0] = positions
}

// Arrive makes last the gradient of the last state of part number part, from those that the parts behind it leave.
func Arrive[F simd.Float](last, left []F, part int) {
	clear(last)
	for at, n := len(left)-len(last), len(last); at > part*n; at -= n {
		simd.Add(last, last, left[at:at+n])
	}
}
