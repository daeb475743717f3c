package dense

import "goomtrain/internal/simd"

// Dot is the scalar sum of x * w over all elements.
//
//	x, w [R]    dx = dy*w    dw = dy*x
type Dot[F simd.Float] struct {
	partial      []F // [chunks]
	x, w, dx, dw []F // operands of the running call
	dy           F
	forward      func(chunk int)
	backward     func(lo, hi int)
}

// NewDot returns the kernel for size elements.
func NewDot[F simd.Float](size int) *Dot[F] {
	k := &Dot[F]{partial: make([]F, simd.Pieces(size, simd.Grain))}
	k.forward = func(c int) {
		lo, hi := c*simd.Grain, min((c+1)*simd.Grain, len(k.x))
		k.partial[c] = simd.Dot(k.x[lo:hi], k.w[lo:hi])
	}
	k.backward = func(lo, hi int) {
		simd.Scale(k.dx[lo:hi], k.dy, k.w[lo:hi])
		simd.Scale(k.dw[lo:hi], k.dy, k.x[lo:hi])
	}
	return k
}

// Forward returns the sum. Its order depends on the size alone.
func (k *Dot[F]) Forward(x, w []F) F {
	k.x, k.w = x, w
	simd.For(len(k.partial), k.forward)
	var sum F
	for _, p := range k.partial {
		sum += p
	}
	return sum
}

// Backward writes dx and dw.
func (k *Dot[F]) Backward(dx, dw, x, w []F, dy F) {
	k.dx, k.dw, k.x, k.w, k.dy = dx, dw, x, w, dy
	simd.ForRange(len(x), simd.Grain, k.backward)
}
