package optim

import "goomtrain/params"

// A slot is one parameter with the running means that an optimizer keeps for it.
type slot[F params.Float] struct {
	p     *params.Param[F]
	rule  string
	rate  F   // factor on the learning rate
	decay F   // weight decay per unit of learning rate; 0 where the role does not decay
	m     []F // running mean of the gradients
	v     []F // running mean of their squares; nil: the rule needs none
}

// slots are the parameters of an optimizer. Running means start at zero. The weights of the gradients in a mean
// add up to one minus the product of its betas so far, which is beta^t for a constant beta. This is correct
// also when the momentum cycles.
type slots[F params.Float] struct {
	all      []*slot[F]
	products []float64 // of all beta1 and of all beta2 so far
	device   *onDevice // nil: updates are on the CPU
}

// newSlots gives every parameter a running mean of its gradients.
func newSlots[F params.Float](c Config, rule string, weightDecay float64, ps []*params.Param[F]) slots[F] {
	s := slots[F]{products: []float64{1, 1}}
	for _, p := range ps {
		one := &slot[F]{p: p, rule: rule, rate: F(c.Rate(p.Role)), m: make([]F, len(p.Value))}
		if p.Role.Decays() {
			one.decay = F(weightDecay)
		}
		s.all = append(s.all, one)
	}
	return s
}

// advance includes the betas of one more step and returns the sums of weights of the two means.
func (s *slots[F]) advance(beta1, beta2 float64) (weight1, weight2 float64) {
	s.products[0] *= beta1
	s.products[1] *= beta2
	return 1 - s.products[0], 1 - s.products[1]
}

// pieces divides the parameters for parallel work.
func (s *slots[F]) pieces() (pieces []piece) {
	for i, one := range s.all {
		pieces = appendPieces(pieces, i, len(one.m))
	}
	return pieces
}

// Rule implements Optimizer.
func (s *slots[F]) Rule(p *params.Param[F]) string {
	for _, one := range s.all {
		if one.p == p {
			return one.rule
		}
	}
	return ""
}

// State implements Optimizer. The arrays are exp_avg.NAME and exp_avg_sq.NAME, as in PyTorch, and
// beta_products, the products of all momenta and of all beta2 so far.
func (s *slots[F]) State() []params.Array {
	out := []params.Array{{Name: "beta_products", Shape: []int{2}, Data: s.products}}
	for _, one := range s.all {
		out = append(out, one.p.Array("exp_avg."+one.p.Name, one.m))
		if one.v != nil {
			out = append(out, one.p.Array("exp_avg_sq."+one.p.Name, one.v))
		}
	}
	return out
}

// Restore implements Optimizer.
func (s *slots[F]) Restore(saved []params.Array) error { return params.Restore(s.State(), saved) }
