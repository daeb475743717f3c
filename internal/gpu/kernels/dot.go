package kernels

import (
	"goomtrain/internal/gpu"
)

var dot = gpu.Module{Name: "dot"}

// dotPiece is how many products a block adds up.
const dotPiece = 16384

// Dot is the twin of dense.Dot.
type Dot struct {
	s                        *gpu.Scope
	size, pieces             int
	sums                     *gpu.Shared // float64, one a piece
	forward, total, backward gpu.Function
}

// NewDot returns the kernel for size elements.
func NewDot(s *gpu.Scope, size int) *Dot {
	pieces := (size + dotPiece - 1) / dotPiece
	return &Dot{s, size, pieces, s.Share(2 * pieces), s.Function(&dot, "dot"), s.Function(&dot, "dot_total"), s.Function(&dot, "dot_backward")}
}

// Forward writes the sum to y, a single number.
func (k *Dot) Forward(y, x, w gpu.Ptr) {
	sums := k.sums.Ptr()
	k.s.Launch(k.forward, gpu.Line(k.pieces), gpu.Line(threads), uint64(k.size), gpu.Int(dotPiece), ptr(x), ptr(w), ptr(sums))
	k.s.Launch(k.total, gpu.Line(1), gpu.Line(threads), gpu.Int(k.pieces), ptr(sums), ptr(y))
}

// Backward writes dx and dw; dy is a single number.
func (k *Dot) Backward(dx, dw, x, w, dy gpu.Ptr) {
	k.s.Launch(k.backward, flatFours(k.size), gpu.Line(threads), uint64(k.size), ptr(x), ptr(w), ptr(dy), ptr(dx), ptr(dw))
}
