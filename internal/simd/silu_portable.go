package simd

func siluPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = x * F(sigmoid(float64(x)))
	}
}

func siluBackwardPortable[F Float](dx, dy, x []F) {
	for i, v := range x {
		_, slope := siluSlope(v)
		dx[i] = dy[i] * slope
	}
}

func siluGatePortable[F Float](dst, up, gate []F) {
	for i, g := range gate {
		dst[i] = up[i] * g * F(sigmoid(float64(g)))
	}
}

func siluGateBackwardPortable[F Float](dup, dgate, dy, up, gate []F) {
	for i, g := range gate {
		s, slope := siluSlope(g)
		dgate[i], dup[i] = dy[i]*up[i]*slope, dy[i]*g*s
	}
}

// siluSlope returns sigmoid(x) and the derivative of SiLU.
func siluSlope[F Float](x F) (s, slope F) {
	s = F(sigmoid(float64(x)))
	return s, s + x*s*(1-s)
}
