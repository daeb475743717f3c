package dense

import "goomtrain/internal/simd"

// GLU is the gated linear unit: y = a * sigmoid(g), where a row of x is a followed by g.
//
//	x [R, 2D]   y [R, D]    s = sigmoid(g)    da = dy*s    dg = dy*a*s*(1-s)
type GLU[F simd.Float] struct {
	rows, width int
	y, x        []F // operands of the running call
	dx, dy      []F
	forward     func(lo, hi int)
	backward    func(lo, hi int)
}

// NewGLU returns the kernel for y [rows, width].
func NewGLU[F simd.Float](rows, width int) *GLU[F] {
	k := &GLU[F]{rows: rows, width: width}
	k.forward = func(lo, hi int) {
		d := k.width
		simd.GLURows(k.y[lo*d:hi*d], k.x[lo*2*d:hi*2*d], d)
	}
	k.backward = func(lo, hi int) {
		d := k.width
		simd.GLUBackwardRows(k.dx[lo*2*d:hi*2*d], k.dy[lo*d:hi*d], k.x[lo*2*d:hi*2*d], d)
	}
	return k
}

// Forward writes y.
func (k *GLU[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.rows, rowGrain, k.forward)
}

// Backward writes dx; x is the operand of Forward.
func (k *GLU[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.rows, rowGrain, k.backward)
}

// SwiGLU is the gated unit y = a * g sigmoid(g), where a row of x is a followed by g (arXiv 2002.05202).
//
//	x [R, 2D]   y [R, D]    s = sigmoid(g)    da = dy g s    dg = dy a s (1 + g (1-s))
type SwiGLU[F simd.Float] struct {
	rows, width int

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

// NewSwiGLU returns the kernel for y [rows, width].
func NewSwiGLU[F simd.Float](rows, width int) *SwiGLU[F] {
	k := &SwiGLU[F]{rows: rows, width: width}
	k.forward = func(lo, hi int) {
		d := k.width
		for r := lo; r < hi; r++ {
			y, a, g := k.y[r*d:(r+1)*d], k.x[2*r*d:(2*r+1)*d], k.x[(2*r+1)*d:(2*r+2)*d]
			simd.SiLUGate(y, a, g)
		}
	}
	k.backward = func(lo, hi int) {
		d := k.width
		for r := lo; r < hi; r++ {
			a, g := k.x[2*r*d:(2*r+1)*d], k.x[(2*r+1)*d:(2*r+2)*d]
			da, dg, dy := k.dx[2*r*d:(2*r+1)*d], k.dx[(2*r+1)*d:(2*r+2)*d], k.dy[r*d:(r+1)*d]
			simd.SiLUGateBackward(da, dg, dy, a, g)
		}
	}
	return k
}

// Forward writes y.
func (k *SwiGLU[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.rows, rowGrain, k.forward)
}

// Backward writes dx; x is the operand of Forward.
func (k *SwiGLU[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.rows, rowGrain, k.backward)
}
