package ops

import (
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/taylor"
	"goomtrain/params"
)

// taylorParts is the exchange of a causal Taylor attention: of its sums.
type taylorParts[F params.Float] struct {
	exchange[F, F]
	k         *taylor.Kernel[F]
	positions int             // of the part
	state     *TaylorCarry[F] // before this part
}

func newTaylorParts[F params.Float](p *Part, k *taylor.Kernel[F], s multihead.Size, terms int) *taylorParts[F] {
	sums, gradients := k.Left()
	return &taylorParts[F]{exchange: newExchange[F, F](p, sums, gradients, gradients), k: k, positions: s.Keys,
		state: NewTaylorCarry[F](s.Batch, s.Heads, s.DKey, s.DValue, terms)}
}

// enter returns the state before this part. Without parts it is carry.
func (a *taylorParts[F]) enter(carry *TaylorCarry[F], keys, values multihead.Rows[F]) *TaylorCarry[F] {
	if a == nil {
		return carry
	}
	a.forward(func(mine []F) { a.k.Leave(mine, keys, values) },
		func(all []F, part int) { a.state.Enter(all, part, a.part.from(a.positions)) })
	return a.state
}

// arrive returns the gradient of the last state of this part. Without parts it is nil.
func (a *taylorParts[F]) arrive(q multihead.Rows[F], y, dy []F) []F {
	if a == nil {
		return nil
	}
	return a.backward(func(left []F) { a.k.LeaveBack(left, q, y, dy) }, taylor.Arrive[F])
}
