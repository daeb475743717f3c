package optim

import (
	"goomtrain/internal/simd"
	"goomtrain/params"
	"goomtrain/settings"
)

// Lion holds the settings of Lion (Chen et al., arXiv 2302.06675), with c = beta1 m + (1-beta1) g:
//
//	p -= lr (sign(c) + decay p)        m = beta2 m + (1-beta2) g
type Lion struct {
	WeightDecay float64 // per unit of learning rate
	Beta2       float64 // decay of the momentum
}

// Settings implements Kind.
func (k *Lion) Settings() settings.Table {
	return settings.Table{weightDecaySetting(&k.WeightDecay), beta2Setting(&k.Beta2, "decay of the momentum")}
}

// Divides implements Divisible.
func (k *Lion) Divides(params.Role, []int) bool { return true }

// New32 implements Kind.
func (k *Lion) New32(c Config, ps []*params.Param[float32]) (Optimizer[float32], error) {
	return newLion(*k, newSlots(c, "lion", k.WeightDecay, ps))
}

// New64 implements Kind.
func (k *Lion) New64(c Config, ps []*params.Param[float64]) (Optimizer[float64], error) {
	return newLion(*k, newSlots(c, "lion", k.WeightDecay, ps))
}

// lion updates its slots by Lion.
type lion[F params.Float] struct {
	slots[F]
	beta2 float64
	cut   []piece
	body  func(i int)
	now   struct{ lr, beta1, beta2, gradScale F } // of the current update
}

func newLion[F params.Float](k Lion, s slots[F]) (*lion[F], error) {
	if err := checkDecay[F]("beta2", k.Beta2); err != nil {
		return nil, err
	}
	o := &lion[F]{slots: s, beta2: k.Beta2, cut: s.pieces()}
	o.body = o.updatePiece
	return o, nil
}

// Update implements Optimizer.
func (o *lion[F]) Update(lr, beta1, gradScale float64) {
	o.advance(beta1, o.beta2) // Lion does not use the weights, but the state of every optimizer has them
	o.now.lr, o.now.beta1, o.now.beta2, o.now.gradScale = F(lr), F(beta1), F(o.beta2), F(gradScale)
	simd.For(len(o.cut), o.body)
}

func (o *lion[F]) updatePiece(i int) {
	at := o.cut[i]
	s, h := o.all[at.index], o.now
	value, m := s.p.Value[at.lo:at.hi], s.m[at.lo:at.hi]
	lr := h.lr * s.rate
	shrink := 1 - lr*s.decay
	for i, g := range s.p.Grad[at.lo:at.hi] {
		g *= h.gradScale
		step := F(0)
		switch c := h.beta1*m[i] + (1-h.beta1)*g; {
		case c > 0:
			step = lr
		case c < 0:
			step = -lr
		case c != c: // NaN shows in the weight
			step = c
		}
		value[i] = shrink*value[i] - step
		m[i] = h.beta2*m[i] + (1-h.beta2)*g
	}
}
