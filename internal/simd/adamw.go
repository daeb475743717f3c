package simd

import "math"

// AdamWStep holds the numbers of one AdamW update (Loshchilov and Hutter, arXiv:1711.05101).
type AdamWStep[F Float] struct {
	LR           F // learning rate of this step
	Beta1, Beta2 F // decay rates of the two moments
	Eps          F
	Decay        F // decoupled weight decay, multiplied by LR
	Correction1  F // 1 - Beta1^t, t counting from 1
	Correction2  F // 1 - Beta2^t
	GradScale    F // the gradient is grad * GradScale: clipping and loss scaling for free
}

// AdamW updates value in place, and the moments m and v, from grad:
//
//	g = grad*GradScale,  m = Beta1*m + (1-Beta1)*g,  v = Beta2*v + (1-Beta2)*g^2,
//	value -= LR * ((m/Correction1) / (sqrt(v/Correction2) + Eps) + Decay*value).
//
// The four slices have one length and do not overlap.
func AdamW[F Float](value, grad, m, v []F, h AdamWStep[F]) {
	for _, s := range [...][]F{grad, m, v} {
		if len(s) != len(value) {
			panicLengths("AdamW", len(value), len(s))
		}
		if shared(value, s) {
			panicOverlap("AdamW")
		}
	}
	if shared(m, v) || shared(grad, m) || shared(grad, v) {
		panicOverlap("AdamW")
	}
	if single[F]() {
		adamW32(as32(value), as32(grad), as32(m), as32(v), newAdamWFactors[float32](
			float32(h.LR), float32(h.Beta1), float32(h.Beta2), float32(h.Eps), float32(h.Decay), float32(h.Correction1), float32(h.Correction2), float32(h.GradScale)))
		return
	}
	adamWPortable(value, grad, m, v, newAdamWFactors(h.LR, h.Beta1, h.Beta2, h.Eps, h.Decay, h.Correction1, h.Correction2, h.GradScale))
}

// adamWFactors is an AdamWStep as the loop wants it: products instead of quotients. The assembly knows
// the order of the fields.
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

func adamWPortable[F Float](value, grad, m, v []F, h adamWFactors[F]) {
	grad, m, v = grad[:len(value)], m[:len(value)], v[:len(value)]
	for i, x := range value {
		g := grad[i] * h.scale
		first := h.beta1*m[i] + h.rest1*g
		second := h.beta2*v[i] + h.rest2*(g*g)
		m[i], v[i] = first, second
		value[i] = h.keep*x - h.rate*first/(F(math.Sqrt(float64(second*h.root)))+h.eps)
	}
}
