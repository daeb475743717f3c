package kernels

import (
	"goomtrain/internal/gpu"
)

var l2norm = gpu.Module{Name: "l2norm"}

// l2normEps is dense.L2NormEps.
const l2normEps = 1e-6

// L2Norm is the twin of dense.L2Norm.
type L2Norm struct {
	normRows
	r                 gpu.Ptr // [R]
	forward, backward gpu.Function
}

// NewL2Norm returns the kernel for x [rows, width].
func NewL2Norm(s *gpu.Scope, rows, width int) *L2Norm {
	return &L2Norm{newNormRows(s, rows, width), s.Alloc(rows), s.Function(&l2norm, "l2norm"), s.Function(&l2norm, "l2norm_backward")}
}

// Forward writes y and keeps r of every row.
func (k *L2Norm) Forward(y, x gpu.Ptr) {
	k.s.Launch(k.forward, k.grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift), gpu.Float(l2normEps), ptr(x), ptr(y), ptr(k.r))
}

// Backward writes dx; x is the operand of the last Forward.
func (k *L2Norm) Backward(dx, x, dy gpu.Ptr) {
	k.s.Launch(k.backward, k.grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift), ptr(x), ptr(k.r), ptr(dy), ptr(dx))
}
