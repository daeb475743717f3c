package optim

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Options holds what does not change from step to step.
type Options struct {
	Beta2       float64 // AdamW: decay of the mean square; Lion: decay of the momentum
	Eps         float64 // AdamW: added to the root of the mean square
	WeightDecay float64 // per unit of learning rate, on parameters whose role decays
	Recurrent   float64 // factor on the learning rate of parameters with the role Recurrent; 0: 1
}

// A Rule is how one parameter is updated.
type Rule string

// The rules; Muon is for hidden matrices only.
const (
	AdamW Rule = "adamw"
	Lion  Rule = "lion"
	Muon  Rule = "muon"
)

// Names lists what New builds.
func Names() []string { return []string{string(AdamW), string(Lion), string(Muon)} }

// ruleFor says which rule an optimiser gives to a parameter: its own, but for Muon AdamW wherever
// orthogonal updates make no sense: vectors, tables (whose rows are looked up or scored, not multiplied
// through), initial states, and recurrences' matrices, all of whose eigenvalues an update of full rank
// would move at every step.
func ruleFor[F params.Float](optimizer Rule, p *params.Param[F]) Rule {
	if optimizer == Muon && (p.Role != params.Matrix || len(p.Shape) != 2 || p.Shape[0] < 2 || p.Shape[1] < 2) {
		return AdamW
	}
	return optimizer
}

// A slot is one parameter with its state.
type slot[F params.Float] struct {
	p    *params.Param[F]
	rule Rule
	rate F   // factor on the learning rate
	m    []F // running mean of gradients
	v    []F // AdamW: running mean of their squares
}

// An Optimizer updates a fixed set of parameters.
type Optimizer[F params.Float] struct {
	options  Options
	slots    []slot[F]
	products []float64 // products of all beta1 and of all beta2 so far: what the running means still lack
	pieces   []piece   // of the parameters that are updated element by element
	update   func(i int)
	now      rates[F]
	muon     newtonSchulz[F]
}

// rates is what the update under way is made with.
type rates[F params.Float] struct {
	adamw                           simd.AdamWStep[F]
	lr, beta1, beta2, decay, gscale F
}

// New returns an optimiser for the parameters in their order. The name is one of Names().
func New[F params.Float](name string, ps []*params.Param[F], o Options) (*Optimizer[F], error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("optimizer %q is none of %s", name, strings.Join(Names(), ", "))
	}
	switch {
	case !(o.Beta2 >= 0 && o.Beta2 < 1):
		return nil, fmt.Errorf("optimizer %s: beta2 %g: must lie in [0, 1)", name, o.Beta2)
	case !(o.Eps > 0) && name != string(Lion):
		return nil, fmt.Errorf("optimizer %s: eps %g: must be positive", name, o.Eps)
	case !(o.WeightDecay >= 0) || math.IsInf(o.WeightDecay, 1):
		return nil, fmt.Errorf("optimizer %s: weight-decay %g: must be a number of at least 0", name, o.WeightDecay)
	}
	if !(o.Recurrent >= 0) || math.IsInf(o.Recurrent, 1) {
		return nil, fmt.Errorf("optimizer %s: lr-recurrent %g: must be a number of at least 0 (0: 1)", name, o.Recurrent)
	}
	opt := &Optimizer[F]{options: o, products: []float64{1, 1}}
	for _, p := range ps {
		s := slot[F]{p: p, rule: ruleFor(Rule(name), p), rate: 1, m: make([]F, len(p.Value))}
		if o.Recurrent > 0 && p.Role == params.Recurrent {
			s.rate = F(o.Recurrent)
		}
		switch s.rule {
		case AdamW:
			s.v = make([]F, len(p.Value))
		case Muon:
			opt.muon.reserve(p.Shape[0], p.Shape[1])
		}
		if s.rule != Muon {
			opt.pieces = appendPieces(opt.pieces, len(opt.slots), len(p.Value))
		}
		opt.slots = append(opt.slots, s)
	}
	opt.update = opt.updatePiece
	return opt, nil
}

// Rule is the name of the rule that updates a parameter, or "" for one that is not of this optimiser.
func (o *Optimizer[F]) Rule(p *params.Param[F]) string {
	for _, s := range o.slots {
		if s.p == p {
			return string(s.rule)
		}
	}
	return ""
}

// Update makes one step with learning rate lr and momentum beta1, using gradScale times the
// parameters' gradients, which stay as they are.
func (o *Optimizer[F]) Update(lr, beta1, gradScale float64) {
	o.products[0] *= beta1
	o.products[1] *= o.options.Beta2
	// The means start at zero; what they lack of weight one is the product of their betas, which is
	// beta^t for a constant beta and stays right when momentum cycles.
	o.now = rates[F]{
		lr: F(lr), beta1: F(beta1), beta2: F(o.options.Beta2), decay: F(o.options.WeightDecay), gscale: F(gradScale),
		adamw: simd.AdamWStep[F]{
			LR: F(lr), Beta1: F(beta1), Beta2: F(o.options.Beta2), Eps: F(o.options.Eps), GradScale: F(gradScale),
			Correction1: F(1 - o.products[0]), Correction2: F(1 - o.products[1]),
		},
	}
	simd.For(len(o.pieces), o.update)
	for i := range o.slots {
		if s := &o.slots[i]; s.rule == Muon {
			o.muon.update(s, &o.now)
		}
	}
}

func (o *Optimizer[F]) updatePiece(i int) {
	at := o.pieces[i]
	s := &o.slots[at.index]
	value, grad, m := s.p.Value[at.lo:at.hi], s.p.Grad[at.lo:at.hi], s.m[at.lo:at.hi]
	if s.rule == Lion {
		r := o.now
		r.lr *= s.rate
		lion(value, grad, m, r, s.p.Role.Decays())
		return
	}
	h := o.now.adamw
	h.LR *= s.rate
	if s.p.Role.Decays() {
		h.Decay = o.now.decay
	}
	simd.AdamW(value, grad, m, s.v[at.lo:at.hi], h)
}

// lion makes one step of Lion (arXiv 2302.06675), with c = beta1 m + (1-beta1) g:
//
//	p -= lr (sign(c) + decay p)        m = beta2 m + (1-beta2) g
func lion[F params.Float](value, grad, m []F, r rates[F], decays bool) {
	shrink := F(1)
	if decays {
		shrink -= r.lr * r.decay
	}
	for i, g := range grad {
		g *= r.gscale
		step := F(0)
		if c := r.beta1*m[i] + (1-r.beta1)*g; c > 0 {
			step = r.lr
		} else if c < 0 {
			step = -r.lr
		}
		value[i] = shrink*value[i] - step
		m[i] = r.beta2*m[i] + (1-r.beta2)*g
	}
}

// State returns the optimiser's arrays, sharing its memory: exp_avg.NAME and exp_avg_sq.NAME under
// PyTorch's names, and beta_products, the products of all momenta and of all beta2 so far.
func (o *Optimizer[F]) State() []params.Array {
	out := []params.Array{{Name: "beta_products", Shape: []int{2}, Data: o.products}}
	for _, s := range o.slots {
		out = append(out, params.Array{Name: "exp_avg." + s.p.Name, Shape: s.p.Shape, Data: s.m})
		if s.v != nil {
			out = append(out, params.Array{Name: "exp_avg_sq." + s.p.Name, Shape: s.p.Shape, Data: s.v})
		}
	}
	return out
}

// Restore copies a saved State into this optimiser. It changes nothing unless every array is there
// in its shape and type.
func (o *Optimizer[F]) Restore(saved []params.Array) error { return restore(o.State(), saved) }
