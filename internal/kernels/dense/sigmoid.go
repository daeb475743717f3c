package dense

import "goomtrain/internal/simd"

// Sigmoid is y = factor * s with s = sigmoid(x), elementwise; dx = dy factor s (1-s).
type Sigmoid[F simd.Float] struct {
	size   int
	factor F

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

// NewSigmoid returns the kernel for x and y of that many elements.
func NewSigmoid[F simd.Float](size int, factor float64) *Sigmoid[F] {
	k := &Sigmoid[F]{size: size, factor: F(factor)}
	k.forward = func(lo, hi int) {
		y := k.y[lo:hi]
		simd.Sigmoid(y, k.x[lo:hi])
		simd.Scale(y, k.factor, y)
	}
	k.backward = func(lo, hi int) {
		dx, dy := k.dx[lo:hi], k.dy[lo:hi]
		simd.Sigmoid(dx, k.x[lo:hi])
		for i, s := range dx {
			dx[i] = dy[i] * k.factor * s * (1 - s)
		}
	}
	return k
}

// Forward writes y.
func (k *Sigmoid[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.size, gateBlock, k.forward)
}

// Backward writes dx; x is the operand of Forward.
func (k *Sigmoid[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.size, gateBlock, k.backward)
}

// LogSigmoid is y = factor * ln sigmoid(x), elementwise, without overflow or cancellation; dx = dy factor sigmoid(-x).
type LogSigmoid[F simd.Float] struct {
	size   int
	factor F

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

// NewLogSigmoid returns the kernel for x and y of that many elements.
func NewLogSigmoid[F simd.Float](size int, factor float64) *LogSigmoid[F] {
	k := &LogSigmoid[F]{size: size, factor: F(factor)}
	k.forward = func(lo, hi int) {
		y := k.y[lo:hi]
		simd.LogSigmoid(y, k.x[lo:hi])
		simd.Scale(y, k.factor, y)
	}
	k.backward = func(lo, hi int) {
		dx := k.dx[lo:hi]
		simd.Scale(dx, -1, k.x[lo:hi])
		simd.Sigmoid(dx, dx)
		simd.Mul(dx, dx, k.dy[lo:hi])
		simd.Scale(dx, k.factor, dx)
	}
	return k
}

// Forward writes y.
func (k *LogSigmoid[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.size, gateBlock, k.forward)
}

// Backward writes dx; x is the operand of Forward.
func (k *LogSigmoid[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.size, gateBlock, k.backward)
}
