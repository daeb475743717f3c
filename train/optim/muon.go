package optim

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/params"
	"goomtrain/settings"
)

// Muon holds the settings of Muon (Jordan 2024; Liu et al., arXiv 2502.16982), which replaces the momentum of a
// matrix by the nearest semi-orthogonal matrix:
//
//	m = beta1 m + g        u = g + beta1 m (Nesterov)
//	p = (1 - lr decay) p - lr 0.2 sqrt(max(rows, columns)) orthogonal(u)
//
// The last factor gives an update the root mean square of AdamW's updates. AdamW updates all parameters whose role is
// not Matrix and matrices with a single row or column. The rows of a table are looked up or scored, not multiplied by a
// whole activation, and an update of full rank would move all eigenvalues of a recurrence's matrix at every step.
type Muon struct {
	AdamW // the weight decay also applies to matrices
}

// Settings implements Kind.
func (k *Muon) Settings() settings.Table {
	t := k.AdamW.Settings()
	for i := range t {
		if t[i].Name != "weight-decay" {
			t[i].Help += ", of parameters that AdamW updates"
		}
	}
	return t
}

// RateFactor implements Scaled. Updates that are equally large in all directions bear a larger learning rate: at 5e-3, 1e-2
// and 2e-2 goom-rnn's preset small had 2.40, 2.36 and 2.41 bits per byte of text after some 700 steps, where AdamW's rate
// is 3e-3. The factor applies to the parameters that AdamW updates too.
func (k *Muon) RateFactor() float64 { return 3 }

// Divides implements Divisible: a matrix is updated as a whole.
func (k *Muon) Divides(role params.Role, shape []int) bool { return !isMatrix(role, shape) }

// isMatrix reports whether Muon updates the parameter as a matrix.
func isMatrix(role params.Role, shape []int) bool {
	return role == params.Matrix && len(shape) == 2 && shape[0] > 1 && shape[1] > 1
}

// New32 implements Kind.
func (k *Muon) New32(c Config, ps []*params.Param[float32]) (Optimizer[float32], error) {
	return newMuon(*k, newSlots(c, "muon", k.WeightDecay, ps))
}

// New64 implements Kind.
func (k *Muon) New64(c Config, ps []*params.Param[float64]) (Optimizer[float64], error) {
	return newMuon(*k, newSlots(c, "muon", k.WeightDecay, ps))
}

// muon updates some of its slots as matrices and the others by AdamW. Small matrices are updated side by side, each by one
// goroutine, large ones one after the other by parallel products. The bits are the same either way.
type muon[F params.Float] struct {
	slots[F]
	small, large []*slot[F]
	others       *adamW[F]
	schulz       workspaces[F]

	lr, beta1, gradScale F // of the update in progress
	updateSmall          func(i int)
}

// largeMatrix is the number of elements from which the products of one matrix keep several cores busy.
const largeMatrix = 1 << 19

func newMuon[F params.Float](k Muon, s slots[F]) (*muon[F], error) {
	o := &muon[F]{slots: s}
	others := slots[F]{products: s.products}
	for _, one := range s.all {
		switch p := one.p; {
		case !isMatrix(p.Role, p.Shape):
			others.all = append(others.all, one)
		case len(p.Value) < largeMatrix:
			o.small = append(o.small, one)
		default:
			o.large = append(o.large, one)
		}
	}
	o.updateSmall = func(i int) { o.updateMatrix(o.small[i]) }
	var err error
	o.others, err = newAdamW(k.AdamW, others)
	return o, err
}

// Update implements Optimizer.
func (o *muon[F]) Update(lr, beta1, gradScale float64) {
	o.others.Update(lr, beta1, gradScale)
	o.lr, o.beta1, o.gradScale = F(lr), F(beta1), F(gradScale)
	simd.For(len(o.small), o.updateSmall)
	for _, s := range o.large {
		o.updateMatrix(s)
	}
}

// updateMatrix makes one step of one matrix.
func (o *muon[F]) updateMatrix(s *slot[F]) {
	rows, columns := s.p.Shape[0], s.p.Shape[1]
	n := o.schulz.take(rows, columns)
	x := n.x[:rows*columns]
	for i, g := range s.p.Grad {
		g *= o.gradScale
		s.m[i] = o.beta1*s.m[i] + g
		x[i] = g + o.beta1*s.m[i]
	}
	x = n.orthogonalize(x, rows, columns)
	lr := o.lr * s.rate
	simd.Scale(s.p.Value, 1-lr*s.decay, s.p.Value)
	simd.AddScaled(s.p.Value, -lr*F(0.2*math.Sqrt(float64(max(rows, columns)))), x)
	o.schulz.give(n)
}
