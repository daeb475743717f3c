package optim

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/params"
	"goomtrain/settings"
)

// AdamW holds the settings of AdamW (Loshchilov and Hutter, arXiv 1711.05101):
//
//	m = beta1 m + (1-beta1) g        v = beta2 v + (1-beta2) g^2
//	p -= lr (m' / (sqrt(v') + eps) + decay p)
//
// where m' and v' are m and v corrected for their start at zero: divided by the sum of the weights of the
// gradients in them.
type AdamW struct {
	WeightDecay float64 // per unit of learning rate
	Beta2       float64 // decay of the mean square
	Eps         float64 // added to the root of the mean square
}

// Settings implements Kind.
func (k *AdamW) Settings() settings.Table {
	return settings.Table{
		weightDecaySetting(&k.WeightDecay),
		beta2Setting(&k.Beta2, "decay of the mean square"),
		{Name: "eps", Help: "added to the root mean square", Value: &k.Eps, Rule: settings.Positive(), Change: settings.Steers},
	}
}

// Divides implements Divisible.
func (k *AdamW) Divides(params.Role, []int) bool { return true }

// New32 implements Kind.
func (k *AdamW) New32(c Config, ps []*params.Param[float32]) (Optimizer[float32], error) {
	return newAdamW(*k, newSlots(c, "adamw", k.WeightDecay, ps))
}

// New64 implements Kind.
func (k *AdamW) New64(c Config, ps []*params.Param[float64]) (Optimizer[float64], error) {
	return newAdamW(*k, newSlots(c, "adamw", k.WeightDecay, ps))
}

// adamW updates its slots by AdamW.
type adamW[F params.Float] struct {
	slots[F]
	beta2, eps float64
	cut        []piece
	body       func(i int)
	now        simd.AdamWStep[F] // of the current update
}

// newAdamW makes the optimizer of the slots and gives each its mean square.
func newAdamW[F params.Float](k AdamW, s slots[F]) (*adamW[F], error) {
	if err := checkDecay[F]("beta2", k.Beta2); err != nil {
		return nil, err
	}
	if F(k.Eps) == 0 {
		return nil, fmt.Errorf("-eps %v: rounds to 0 in %T, so that a gradient of 0 would give 0/0: must be larger", k.Eps, F(0))
	}
	for _, one := range s.all {
		one.rule, one.v = "adamw", make([]F, len(one.m))
	}
	o := &adamW[F]{slots: s, beta2: k.Beta2, eps: k.Eps, cut: s.pieces()}
	o.body = o.updatePiece
	return o, nil
}

// Update implements Optimizer.
func (o *adamW[F]) Update(lr, beta1, gradScale float64) {
	weight1, weight2 := o.advance(beta1, o.beta2)
	o.now = simd.AdamWStep[F]{
		LR: F(lr), Beta1: F(beta1), Beta2: F(o.beta2), Eps: F(o.eps), GradScale: F(gradScale),
		Correction1: F(weight1), Correction2: F(weight2),
	}
	simd.For(len(o.cut), o.body)
}

func (o *adamW[F]) updatePiece(i int) {
	at := o.cut[i]
	s, h := o.all[at.index], o.now
	h.LR *= s.rate
	h.Decay = s.decay
	simd.AdamW(s.p.Value[at.lo:at.hi], s.p.Grad[at.lo:at.hi], s.m[at.lo:at.hi], s.v[at.lo:at.hi], h)
}
