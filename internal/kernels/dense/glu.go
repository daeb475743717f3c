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

// Backward writes dx.
func (k *GLU[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.rows, rowGrain, k.backward)
}
