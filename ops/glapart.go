package ops

import (
	"goomtrain/internal/kernels/gla"
	"goomtrain/params"
)

// glaParts is the exchange of an attention with decays: of states, and of the products of the decays of each part.
type glaParts[F params.Float] struct {
	exchange[F, F]
	k     *gla.Kernel[F]
	state *GLACarry[F] // before this part
}

func newGLAParts[F params.Float](p *Part, k *gla.Kernel[F], batch int, size GLASizes) *glaParts[F] {
	all, states := k.Left()
	return &glaParts[F]{exchange: newExchange[F, F](p, all, states, states), k: k, state: NewGLACarry[F](batch, size)}
}

// enter returns the state before this part, in memory o of the output. Without parts it is carry.
func (a *glaParts[F]) enter(carry *GLACarry[F], o, q, keys, v, g []F) *GLACarry[F] {
	if a == nil {
		return carry
	}
	a.forward(func(mine []F) { a.k.Leave(mine, o, q, keys, v, g) }, func(all []F, part int) { a.k.Enter(a.state.State(), all, part) })
	return a.state
}

// arrive returns the gradient of the last states of this part, in memory dv of the gradients. Without parts it is nil.
func (a *glaParts[F]) arrive(dv, q, keys, do []F) []F {
	if a == nil {
		return nil
	}
	return a.backward(func(left []F) { a.k.LeaveBack(left, dv, q, keys, do) },
		func(last, grads []F, part int) { a.k.Arrive(last, a.all, grads, part) })
}
