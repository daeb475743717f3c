package main

import (
	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train/optim"
)

// HeavyBall holds the settings of gradient descent with momentum (Polyak 1964):
//
//	m = beta1 m + g        p -= lr (m + decay p)
type HeavyBall struct {
	Decay float64 // per unit of learning rate
}

func init() { optim.Register("heavy-ball", &HeavyBall{Decay: 0.01}) }

// Settings implements optim.Kind. A resumed run may change the decay; a note then says that it differs from an
// uninterrupted run.
func (k *HeavyBall) Settings() settings.Table {
	return settings.Table{
		{Name: "weight-decay", Help: "decoupled weight decay, of all but biases and gains", Value: &k.Decay, Rule: settings.AtLeast(0), Change: settings.Steers},
	}
}

// New32 implements optim.Kind.
func (k *HeavyBall) New32(c optim.Config, ps []*params.Param[float32]) (optim.Optimizer[float32], error) {
	return newHeavyBall(*k, c, ps), nil
}

// New64 implements optim.Kind.
func (k *HeavyBall) New64(c optim.Config, ps []*params.Param[float64]) (optim.Optimizer[float64], error) {
	return newHeavyBall(*k, c, ps), nil
}

// heavyBall is the optimizer of a model's parameters.
type heavyBall[F params.Float] struct {
	decay    float64
	config   optim.Config
	params   []*params.Param[F]
	momentum [][]F // by parameter
}

func newHeavyBall[F params.Float](k HeavyBall, c optim.Config, ps []*params.Param[F]) *heavyBall[F] {
	o := &heavyBall[F]{decay: k.Decay, config: c, params: ps}
	for _, p := range ps {
		o.momentum = append(o.momentum, make([]F, len(p.Value)))
	}
	return o
}

// Update implements optim.Optimizer.
func (o *heavyBall[F]) Update(lr, beta1, gradScale float64) {
	for n, p := range o.params {
		rate := lr * o.config.Rate(p.Role) // -lr-recurrent
		shrink := F(1)
		if p.Role.Decays() {
			shrink = F(1 - rate*o.decay)
		}
		m := o.momentum[n]
		for i, g := range p.Grad {
			m[i] = F(beta1)*m[i] + F(gradScale)*g
			p.Value[i] = shrink*p.Value[i] - F(rate)*m[i]
		}
	}
}

// State implements optim.Optimizer.
func (o *heavyBall[F]) State() (arrays []params.Array) {
	for n, p := range o.params {
		arrays = append(arrays, params.Array{Name: "momentum." + p.Name, Shape: p.Shape, Data: o.momentum[n]})
	}
	return arrays
}

// Restore implements optim.Optimizer.
func (o *heavyBall[F]) Restore(saved []params.Array) error { return params.Restore(o.State(), saved) }

// Rule implements optim.Optimizer.
func (o *heavyBall[F]) Rule(*params.Param[F]) string { return "heavy-ball" }
