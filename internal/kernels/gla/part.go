package gla

import (
	"math"

	"goomtrain/internal/simd"
)

// A sequence may be cut into parts that several processes compute at the same time. A part takes the state S before it to
// diag(a) S + (what it leaves from a state of zeros), with a the product of its decays, and the gradient of its last state to
// diag(a) times that + (what its outputs give).
//
// What a part leaves is, of all heads of all sequences, a [B, H, W] and then the state [B, H, K, V]. W is K, or 1 for one
// decay a head.

// Left returns how many numbers a part leaves, and how many of them are those of states.
func (k *Kernel[F]) Left() (all, states int) {
	heads := k.Batch * k.Heads
	return heads * (k.decays() + k.DKey*k.DValue), heads * k.DKey * k.DValue
}

// Leave writes what the operands of the Forward that follows leave. o [B, T, H, V] is memory that it uses.
func (k *Kernel[F]) Leave(left, o, q, keys, v, g []F) {
	all, states := k.Left()
	from := Carry[F]{state: left[all-states:], shape: [4]int{k.Batch, k.Heads, k.DKey, k.DValue}}
	from.Reset()
	k.Forward(o, q, keys, v, g, &from)
	w := k.decays()
	for i := range left[:all-states] {
		b, h, c := i/w/k.Heads, i/w%k.Heads, i%w
		left[i] = F(math.Exp(k.sumDecays(g, b, h, c)))
	}
}

// sumDecays returns the sum of the logarithms of the decays of a head, of channel c if it has one for each.
func (k *Kernel[F]) sumDecays(g []F, b, h, c int) (sum float64) {
	if k.Decay == Fixed {
		return float64(k.Time) * float64(g[h])
	}
	w := k.decays()
	for t := range k.Time {
		sum += float64(g[((b*k.Time+t)*k.Heads+h)*w+c])
	}
	return sum
}

// LeaveBack writes to left [B, H, K, V] the gradient of the state before the part, if that of the last state is 0. It is
// called between Forward and Backward, and uses memory dv of the latter.
func (k *Kernel[F]) LeaveBack(left, dv, q, keys, do []F) {
	k.dv, k.q, k.k, k.do, k.dEnd, k.left = dv, q, keys, do, nil, left
	k.pool.For(k.Batch*k.Heads*k.valueParts, k.leaveBack)
	k.left = nil
}

// leaveBackTask is LeaveBack for some value channels of one head.
func (k *Kernel[F]) leaveBackTask(task int) {
	head := task / k.valueParts
	k.valueGradients(head/k.Heads, head%k.Heads, task%k.valueParts)
}

// State returns the states [B, H, K, V].
func (c *Carry[F]) State() []F { return c.state }

// Enter makes states [B, H, K, V] those before part number part, from what the parts before it leave, part after part.
func (k *Kernel[F]) Enter(states, left []F, part int) {
	clear(states)
	all, n := k.Left()
	for q := range part {
		k.pass(states, left[q*all:(q+1)*all-n])
		simd.Add(states, states, left[(q+1)*all-n:(q+1)*all])
	}
}

// Arrive makes grad [B, H, K, V] the gradient of the last states of part number part, from what the parts leave: in left as
// in Enter, and in grads the gradients of LeaveBack.
func (k *Kernel[F]) Arrive(grad, left, grads []F, part int) {
	clear(grad)
	all, n := k.Left()
	for q := len(left)/all - 1; q > part; q-- {
		k.pass(grad, left[q*all:(q+1)*all-n])
		simd.Add(grad, grad, grads[q*n:(q+1)*n])
	}
}

// pass multiplies states by the decays of a part.
func (k *Kernel[F]) pass(states, decays []F) {
	each := k.DKey / k.decays() * k.DValue // numbers of a decay
	for i, a := range decays {
		simd.Scale(states[i*each:(i+1)*each], a, states[i*each:(i+1)*each])
	}
}
