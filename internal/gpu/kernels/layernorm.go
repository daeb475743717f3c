package kernels

import (
	"goomtrain/internal/gpu"
)

var layernorm = gpu.Module{Name: "layernorm"}

// LayerNorm is the twin of dense.LayerNorm.
type LayerNorm struct {
	normRows
	mean, rstd        gpu.Ptr // [R]
	partial           *gpu.Shared
	totals            columnTotals
	forward, backward gpu.Function
}

// NewLayerNorm returns the kernel for x [rows, width].
func NewLayerNorm(s *gpu.Scope, rows, width int) *LayerNorm {
	k := &LayerNorm{normRows: newNormRows(s, rows, width), mean: s.Alloc(rows), rstd: s.Alloc(rows), totals: newColumnTotals(s),
		forward: s.Function(&layernorm, "layernorm"), backward: s.Function(&layernorm, "layernorm_backward")}
	k.partial = s.Share(k.blocks * 2 * width)
	return k
}

// Forward writes y and keeps mean and rstd of every row.
func (k *LayerNorm) Forward(y, x, weight, bias gpu.Ptr) {
	k.s.Launch(k.forward, k.grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift),
		ptr(x), ptr(weight), ptr(bias), ptr(y), ptr(k.mean), ptr(k.rstd))
}

// Backward writes dx, dweight and dbias; x and weight are the operands of the last Forward.
func (k *LayerNorm) Backward(dx, dweight, dbias, x, weight, dy gpu.Ptr) {
	partial := k.partial.Ptr()
	k.s.Launch(k.backward, gpu.Line(k.blocks), gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift), gpu.Int(k.lanes), gpu.Int(k.perBlock),
		ptr(x), ptr(weight), ptr(k.mean), ptr(k.rstd), ptr(dy), ptr(dx), ptr(partial))
	k.totals.launch(k.blocks, k.width, 2*k.width, partial, dweight)
	k.totals.launch(k.blocks, k.width, 2*k.width, partial.Add(k.width), dbias)
}

// normRows is how kernels that normalize rows share them, see norms.h.
type normRows struct {
	s                *gpu.Scope
	rows, width      int
	grid             gpu.Dim // of the forward pass
	shift            int
	lanes            int // of the columns, in the backward pass
	perBlock, blocks int // rows and number of its blocks
}

func newNormRows(s *gpu.Scope, rows, width int) normRows {
	shift := min(5, shiftOf((width+3)/4))
	perBlock, blocks := rowBlocks(rows)
	return normRows{s, rows, width, rowGrid(rows, shift), shift, 1 << min(8, shiftOf(width)), perBlock, blocks}
}
