package ops

import (
	"goomtrain/internal/comm"
	"goomtrain/params"
)

// An exchange is that of an op that computes what its part of the sequences leaves behind from a state of zeros, and then,
// from what the parts before it leave, its own state: one all-gather forward and one of gradients backward (LASP-2, arXiv
// 2502.07563). The kernels say what parts leave, numbers of type E.
type exchange[E comm.Element, F params.Float] struct {
	part        *Part
	mine, all   []E // what this part leaves, and all parts, part after part
	grad, grads []F // the gradients
	last        []F // of the last state of this part
}

// newExchange returns the exchange of ops that leave so many numbers and gradients, for states of so many numbers.
func newExchange[E comm.Element, F params.Float](p *Part, left, gradients, state int) exchange[E, F] {
	return exchange[E, F]{part: p, mine: make([]E, left), all: make([]E, p.Size()*left),
		grad: make([]F, gradients), grads: make([]F, p.Size()*gradients), last: make([]F, state)}
}

// forward gathers what leave writes. enter gets it with the number of this part, whose state it makes.
func (x *exchange[E, F]) forward(leave func(mine []E), enter func(all []E, part int)) {
	leave(x.mine)
	gather(x.part, x.all, x.mine)
	enter(x.all, x.part.Rank())
}

// backward gathers the gradients that leave writes. arrive gets them with the number of this part, and makes that of its
// last state, which is returned.
func (x *exchange[E, F]) backward(leave func(grad []F), arrive func(last, grads []F, part int)) (last []F) {
	leave(x.grad)
	gather(x.part, x.grads, x.grad)
	arrive(x.last, x.grads, x.part.Rank())
	return x.last
}
