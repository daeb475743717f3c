package dense

import "goomtrain/internal/simd"

// GELU is the Gaussian error linear unit in the form of GPT-2 (arXiv 1606.08415, section 2):
//
//	y = x sigmoid(u)    u = 2 sqrt(2/pi) (x + 0.044715 x^3)    which is 0.5 x (1 + tanh(u/2))
//	dx = dy (s + x s (1-s) du/dx)    s = sigmoid(u)
//
// It is within 5e-4 of x times the distribution function of the normal distribution.
type GELU[F simd.Float] struct {
	size int

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

// NewGELU returns the kernel for x and y of that many elements.
func NewGELU[F simd.Float](size int) *GELU[F] {
	k := &GELU[F]{size: size}
	k.forward = func(lo, hi int) { simd.GELU(k.y[lo:hi], k.x[lo:hi]) }
	k.backward = func(lo, hi int) { simd.GELUBackward(k.dx[lo:hi], k.dy[lo:hi], k.x[lo:hi]) }
	return k
}

// Forward writes y.
func (k *GELU[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.size, simd.Grain, k.forward)
}

// Backward writes dx; x is the operand of Forward.
func (k *GELU[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.size, simd.Grain, k.backward)
}
