package dense

import "goomtrain/internal/simd"

// gateBlock is the number of elements that one worker takes at a time in loops over the elements of gates; their
// intermediate values stay in the first-level cache.
const gateBlock = 2048

// SiLU is the sigmoid linear unit (arXiv 1702.03118), elementwise: y = x s with s = sigmoid(x), dx = dy (s + x s (1-s)).
type SiLU[F simd.Float] struct {
	size int

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

// NewSiLU returns the kernel for x and y of that many elements.
func NewSiLU[F simd.Float](size int) *SiLU[F] {
	k := &SiLU[F]{size: size}
	k.forward = func(lo, hi int) { simd.SiLU(k.y[lo:hi], k.x[lo:hi]) }
	k.backward = func(lo, hi int) { simd.SiLUBackward(k.dx[lo:hi], k.dy[lo:hi], k.x[lo:hi]) }
	return k
}

// Forward writes y.
func (k *SiLU[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.size, gateBlock, k.forward)
}

// Backward writes dx; x is the operand of Forward.
func (k *SiLU[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.size, gateBlock, k.backward)
}

// GatedSiLU is SwiGLU (arXiv 2002.05202) of two tensors, elementwise: y = up * SiLU(gate).
//
//	s = sigmoid(gate)    dup = dy gate s    dgate = dy up (s + gate s (1-s))
type GatedSiLU[F simd.Float] struct {
	size int

	y, gate, up       []F // operands of the running call
	dgate, dup, dy    []F
	forward, backward func(lo, hi int)
}

// NewGatedSiLU returns the kernel for tensors of that many elements.
func NewGatedSiLU[F simd.Float](size int) *GatedSiLU[F] {
	k := &GatedSiLU[F]{size: size}
	k.forward = func(lo, hi int) { simd.SiLUGate(k.y[lo:hi], k.up[lo:hi], k.gate[lo:hi]) }
	k.backward = func(lo, hi int) {
		simd.SiLUGateBackward(k.dup[lo:hi], k.dgate[lo:hi], k.dy[lo:hi], k.up[lo:hi], k.gate[lo:hi])
	}
	return k
}

// Forward writes y.
func (k *GatedSiLU[F]) Forward(y, gate, up []F) {
	k.y, k.gate, k.up = y, gate, up
	simd.ForRange(k.size, gateBlock, k.forward)
}

// Backward writes dgate and dup; gate and up are the operands of Forward.
func (k *GatedSiLU[F]) Backward(dgate, dup, gate, up, dy []F) {
	k.dgate, k.dup, k.gate, k.up, k.dy = dgate, dup, gate, up, dy
	simd.ForRange(k.size, gateBlock, k.backward)
}
