package simd

import "goomtrain/internal/simd/floats"

// AdamWStep holds the numbers of one AdamW update (Loshchilov and Hutter, arXiv:1711.05101).
type AdamWStep[F Float] struct {
	LR           F // learning rate of this step
	Beta1, Beta2 F // decay rates of the two moments
	Eps          F
	Decay        F // decoupled weight decay, multiplied by LR
	Correction1  F // 1 - Beta1^t, t counting from 1
	Correction2  F // 1 - Beta2^t
	GradScale    F // the gradient is grad * GradScale, which serves clipping and loss scaling
}

// AdamW updates value in place, and the moments m and v, from grad:
//
//	g = grad*GradScale,  m = Beta1*m + (1-Beta1)*g,  v = Beta2*v + (1-Beta2)*g^2,
//	value -= LR * ((m/Correction1) / (sqrt(v/Correction2) + Eps) + Decay*value).
//
// The four slices have one length and must not overlap.
func AdamW[F Float](value, grad, m, v []F, h AdamWStep[F]) {
	for _, s := range [...][]F{grad, m, v} {
		if len(s) != len(value) {
			panicLengths("AdamW", len(value), len(s))
		}
		if floats.Share(value, s) {
			panicOverlap("AdamW")
		}
	}
	if floats.Share(m, v) || floats.Share(grad, m) || floats.Share(grad, v) {
		panicOverlap("AdamW")
	}
	if floats.Single[F]() {
		adamW32(floats.As32(value), floats.As32(grad), floats.As32(m), floats.As32(v), newAdamWFactors[float32](
			float32(h.LR), float32(h.Beta1), float32(h.Beta2), float32(h.Eps), float32(h.Decay), float32(h.Correction1), float32(h.Correction2), float32(h.GradScale)))
		return
	}
	adamWPortable(value, grad, m, v, newAdamWFactors(h.LR, h.Beta1, h.Beta2, h.Eps, h.Decay, h.Correction1, h.Correction2, h.GradScale))
}

// adamWFactors is an AdamWStep prepared for the loop, which then has products instead of quotients. The assembly
// knows the order of the fields.
type adamWFactors[F Float] struct {
	scale        F // of the gradient
	beta1, rest1 F // rest1 = 1 - beta1
	beta2, rest2 F
	keep         F // 1 - LR*Decay
	rate         F // LR / Correction1
	root         F // 1 / Correction2
	eps          F
}

func newAdamWFactors[F Float](lr, beta1, beta2, eps, decay, correction1, correction2, scale F) adamWFactors[F] {
	return adamWFactors[F]{
		scale: scale, beta1: beta1, rest1: 1 - beta1, beta2: beta2, rest2: 1 - beta2,
		keep: F(1 - float64(lr)*float64(decay)), rate: lr / correction1, root: 1 / correction2, eps: eps,
	}
}
