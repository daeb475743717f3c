package simd

// siluReach is beyond where a sigmoid is 0 or 1: products with one are those of numbers within it, so that infinity does
// not become NaN.
const siluReach = 800

func siluPortable[F Float](dst, src []F) {
	for i, x := range src {
		dst[i] = max(x, -siluReach) * F(sigmoid(float64(x)))
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
		dst[i] = up[i] * max(g, -siluReach) * F(sigmoid(float64(g)))
	}
}

func siluGateBackwardPortable[F Float](dup, dgate, dy, up, gate []F) {
	for i, g := range gate {
		s, slope := siluSlope(g)
		dgate[i], dup[i] = dy[i]*up[i]*slope, dy[i]*max(g, -siluReach)*s
	}
}

// siluSlope returns sigmoid(x) and the derivative of SiLU.
func siluSlope[F Float](x F) (s, slope F) {
	s = F(sigmoid(float64(x)))
	return s, s + min(max(x, -siluReach), siluReach)*s*(1-s)
}
