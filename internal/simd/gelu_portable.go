package simd

const (
	geluSlope = 1.5957691216057308 // 2 sqrt(2/pi)
	geluCubic = 0.044715

	// geluReach is beyond where the sigmoid is 0 or 1: no intermediate value overflows within it.
	geluReach = 30
)

// The sigmoid is computed in float64 and rounded once.

func geluPortable[F Float](dst, src []F) {
	for i, x := range src {
		x = max(x, -geluReach)
		dst[i] = x * geluGate(min(x, geluReach))
	}
}

func geluBackwardPortable[F Float](dx, dy, x []F) {
	for i, v := range x {
		c := min(max(v, -geluReach), geluReach)
		s := geluGate(c)
		dx[i] = dy[i] * (s * (1 + (1-s)*geluSlope*c*(1+3*geluCubic*c*c)))
	}
}

func geluGate[F Float](c F) F { return F(sigmoid(float64(geluSlope * c * (1 + geluCubic*c*c)))) }
