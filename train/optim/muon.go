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
// The last factor gives an update the root mean square of AdamW's updates, so that both can share one learning
// rate and one weight decay. AdamW updates all parameters whose role is not Matrix and matrices with a single
// row or column. The rows of a table are looked up or scored, not multiplied by a whole activation, and an
// update of full rank would move all eigenvalues of a recurrence's matrix at every step.
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

// muon updates some of its slots as matrices and the others by AdamW.
type muon[F params.Float] struct {
	slots[F]
	matrices []*slot[F]
	others   *adamW[F]
	schulz   newtonSchulz[F]
}

func newMuon[F params.Float](k Muon, s slots[F]) (*muon[F], error) {
	o := &muon[F]{slots: s}
	others := slots[F]{products: s.products}
	for _, one := range s.all {
		p := one.p
		if isMatrix(p.Role, p.Shape) {
			o.matrices = append(o.matrices, one)
			o.schulz.reserve(p.Shape[0], p.Shape[1])
		} else {
			others.all = append(others.all, one)
		}
	}
	var err error
	o.others, err = newAdamW(k.AdamW, others)
	return o, err
}

// Update implements Optimizer.
func (o *muon[F]) Update(lr, beta1, gradScale float64) {
	o.others.Update(lr, beta1, gradScale)
	for _, s := range o.matrices {
		o.updateMatrix(s, F(lr)*s.rate, F(beta1), F(gradScale))
	}
}

// updateMatrix makes one step of one matrix.
func (o *muon[F]) updateMatrix(s *slot[F], lr, beta1, gradScale F) {
	rows, columns := s.p.Shape[0], s.p.Shape[1]
	x := o.schulz.x[:rows*columns]
	for i, g := range s.p.Grad {
		g *= gradScale
		s.m[i] = beta1*s.m[i] + g
		x[i] = g + beta1*s.m[i]
	}
	x = o.schulz.orthogonalize(x, rows, columns)
	simd.Scale(s.p.Value, 1-lr*s.decay, s.p.Value)
	simd.AddScaled(s.p.Value, -lr*F(0.2*math.Sqrt(float64(max(rows, columns)))), x)
}
