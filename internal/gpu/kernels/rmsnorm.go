package kernels

import (
	"goomtrain/internal/gpu"
)

var rmsnorm = gpu.Module{Name: "rmsnorm"}

// RMSNorm is the twin of dense.RMSNorm.
type RMSNorm struct {
	normRows
	eps               float32
	rstd              gpu.Ptr // [R]
	partial           *gpu.Shared
	totals            columnTotals
	forward, backward gpu.Function
}

// NewRMSNorm returns the kernel for x [rows, width].
func NewRMSNorm(s *gpu.Scope, rows, width int, eps float64) *RMSNorm {
	k := &RMSNorm{normRows: newNormRows(s, rows, width), eps: float32(eps), rstd: s.Alloc(rows), totals: newColumnTotals(s),
		forward: s.Function(&rmsnorm, "rmsnorm"), backward: s.Function(&rmsnorm, "rmsnorm_backward")}
	k.partial = s.Share(k.blocks * width)
	return k
}

// scale is what the sum of squares is multiplied by.
func (k *RMSNorm) scale() uint64 { return gpu.Float(1 / float32(k.width)) }

// Forward writes y and keeps rstd of every row. gate may be 0.
func (k *RMSNorm) Forward(y, x, gate, weight gpu.Ptr) {
	k.s.Launch(k.forward, k.grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift), k.scale(), gpu.Float(k.eps),
		ptr(x), ptr(gate), ptr(weight), ptr(y), ptr(k.rstd))
}

// Backward writes dx, dgate and dweight; x, gate and weight are the operands of the last Forward. dgate is 0 if gate is.
func (k *RMSNorm) Backward(dx, dgate, dweight, x, gate, weight, dy gpu.Ptr) {
	partial := k.partial.Ptr()
	k.s.Launch(k.backward, gpu.Line(k.blocks), gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift), gpu.Int(k.lanes), gpu.Int(k.perBlock), k.scale(),
		ptr(x), ptr(gate), ptr(weight), ptr(k.rstd), ptr(dy), ptr(dx), ptr(dgate), ptr(partial))
	k.totals.launch(k.blocks, k.width, k.width, partial, dweight)
}
