package scan

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// A sequence may be cut into parts that several processes compute at the same time. The recurrence of Gated is linear, so a
// part takes the state x before it to a x + b, where a is the product of its decays and b the last state if x is 0. The
// gradient g of the logarithm of its last state becomes p g + h before the part, where p is the product of the shares p_t.

//
// What parts leave is [parts, 2, B, D]: of each part ln a and ln b, or p and h.

// Leave writes ln a and ln b of this part. y [B, T, D] is memory that it uses.
func (k *Gated[F]) Leave(left, y, x []F) {
	rest := left[len(left)/2:]
	for i := range rest {
		rest[i] = F(math.Inf(-1))
	}
	k.from.last = rest
	k.Forward(y, x, nil, &k.from)
	k.sums = workspace.Grow(k.sums, k.batch*k.width)
	k.left = left
	k.pool.For(k.batch*simd.Pieces(k.width, gatedBlock), k.decays)
	k.left = nil
}

// decayBlock writes ln a of a block of channels of one sequence.
func (k *Gated[F]) decayBlock(task int) {
	b, lo, hi := k.block(task)
	r := k.pool.Take()
	defer k.pool.Give(r)
	logs, sums := r.u[:hi-lo], k.sums[b*k.width+lo:b*k.width+hi]
	clear(sums)
	for t := range k.time {
		simd.LogSigmoid(logs, k.x[(b*k.time+t)*2*k.width+lo:][:hi-lo])
		for i, v := range logs {
			sums[i] += float64(v)
		}
	}
	for i, v := range sums {
		k.left[b*k.width+lo+i] = F(v)
	}
}

// LeaveBack writes p and h of the part after Forward. dx [B, T, 2D] is memory that it uses.
func (k *Gated[F]) LeaveBack(left, dx, x, dy []F) {
	k.left = left
	for i := range left[:len(left)/2] {
		left[i] = 1
	}
	k.reverseAll(dx, x, dy, nil)
	k.left = nil
}

// Enter makes c the state before part number part, from what the parts before it leave.
func (c *GatedCarry[F]) Enter(left []F, part int) {
	n := len(c.last)
	clear(c.last) // ln x_0
	for ; part > 0; part, left = part-1, left[2*n:] {
		for i, v := range c.last {
			c.last[i] = F(logAddExp(float64(v)+float64(left[i]), float64(left[n+i])))
		}
	}
}

// ArriveGated makes last [B, D] the gradient of the last state of part number part, from what the parts behind it leave.
func ArriveGated[F simd.Float](last, left []F, part int) {
	n := len(last)
	clear(last)
	for at := len(left) - 2*n; at > part*2*n; at -= 2 * n {
		for i, g := range last {
			last[i] = left[at+i]*g + left[at+n+i]
		}
	}
}
