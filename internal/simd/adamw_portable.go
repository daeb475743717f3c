package simd

import "math"

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
