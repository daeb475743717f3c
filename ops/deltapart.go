package ops

import (
	"goomtrain/internal/kernels/delta"
	"goomtrain/params"
)

// deltaParts is the exchange of a DeltaRule: of states, and of the products of the steps of each part.
type deltaParts[F params.Float] struct {
	exchange[F, F]
	k       *delta.Kernel[F]
	state   *DeltaCarry[F] // before this part
	scratch []F
}

func newDeltaParts[F params.Float](p *Part, k *delta.Kernel[F], batch int, size DeltaSizes) *deltaParts[F] {
	all, states := k.Left()
	return &deltaParts[F]{exchange: newExchange[F, F](p, all, states, states), k: k, state: NewDeltaCarry[F](batch, size), scratch: make([]F, states)}
}

// enter returns the state before this part. Without parts it is carry.
func (d *deltaParts[F]) enter(carry *DeltaCarry[F], x delta.Operands[F]) *DeltaCarry[F] {
	if d == nil {
		return carry
	}
	d.forward(func(mine []F) { d.k.Leave(mine, x) }, func(all []F, part int) { d.k.Enter(d.state.State(), d.scratch, all, part) })
	return d.state
}

// arrive returns the gradient of the last states of this part, in memory of the gradients. Without parts it is nil.
func (d *deltaParts[F]) arrive(grad, x delta.Operands[F], do []F) []F {
	if d == nil {
		return nil
	}
	return d.backward(func(left []F) { d.k.LeaveBack(left, grad, x, do) },
		func(last, grads []F, part int) { d.k.Arrive(last, d.scratch, d.all, grads, part) })
}
