package kernels

import (
	"fmt"

	"goomtrain/internal/gpu"
)

var recurrence = gpu.Module{Name: "recurrence"}

// MaxRecurrenceWidth is the largest width of hidden vectors.
const MaxRecurrenceWidth = 64

// Recurrence is the twin of recurrence.Kernel, without a carry.
type Recurrence struct {
	s                        *gpu.Scope
	batch, time, rows, width int // B, T, N, D

	largest, exponent    gpu.Ptr // [B, T, N] float32, int64
	a, x0                gpu.Ptr // mantissas [D, D], [N, D]
	exponentA, exponent0 gpu.Ptr // int64 [1], [N]
	reset                gpu.Ptr // of the last Forward
	kept                 *gpu.Shared

	grid                                 gpu.Dim
	perBlock, blocks                     int // of the sums of dA
	totals                               columnTotals
	forward, backward, normalize, matrix gpu.Function
}

// NewRecurrence returns the kernel for B = batch sequences of T = time steps with N = rows hidden vectors of D = width
// numbers, of which there may be MaxRecurrenceWidth.
func NewRecurrence(s *gpu.Scope, batch, time, rows, width int) *Recurrence {
	k := &Recurrence{s: s, batch: batch, time: time, rows: rows, width: width}
	if width > MaxRecurrenceWidth {
		s.Fail(fmt.Errorf("gpu: the recurrence has hidden vectors of %d numbers: a GPU has them up to %d", width, MaxRecurrenceWidth))
		return k
	}
	lanes, name := 8, 8
	for name < width {
		name *= 2
		lanes = min(32, name)
	}
	vectors := batch * time * rows
	k.perBlock = max(64, (vectors+511)/512)
	k.blocks = (vectors + k.perBlock - 1) / k.perBlock
	k.largest, k.exponent = s.Alloc(vectors), s.Alloc(2*vectors)
	k.a, k.x0, k.exponentA, k.exponent0 = s.Alloc(width*width), s.Alloc(rows*width), s.Alloc(2), s.Alloc(2*rows)
	k.kept = s.Share(vectors*width + batch*rows*width + k.blocks*width*width)
	k.grid = gpu.Line((batch*rows*lanes + 127) / 128)
	k.totals = newColumnTotals(s)
	f := func(name string) gpu.Function { return s.Function(&recurrence, name) }
	k.forward, k.backward = f(fmt.Sprintf("recurrence_forward_%d", name)), f(fmt.Sprintf("recurrence_backward_%d", name))
	k.normalize, k.matrix = f("normalize_rows"), f(fmt.Sprintf("recurrence_matrix_%d", max(16, name)))
	return k
}

// Forward writes z. reset [B, T] may be 0: where it is not 0, the state before that step is x_0.
func (k *Recurrence) Forward(z, u, a, x0, reset gpu.Ptr) {
	d := k.width
	k.reset = reset
	k.s.Launch(k.normalize, gpu.Line(1), gpu.Line(128), gpu.Int(d*d), ptr(a), ptr(k.a), ptr(k.exponentA))
	k.s.Launch(k.normalize, gpu.Line(k.rows), gpu.Line(128), gpu.Int(d), ptr(x0), ptr(k.x0), ptr(k.exponent0))
	k.s.Launch(k.forward, k.grid, gpu.Line(128), gpu.Int(k.batch), gpu.Int(k.time), gpu.Int(k.rows), gpu.Int(d), ptr(u), ptr(k.a), ptr(k.exponentA),
		ptr(k.x0), ptr(k.exponent0), ptr(reset), ptr(z), ptr(k.largest), ptr(k.exponent))
}

// Backward writes du, da [D, D] and dx_0 [N, D]; z is what the last Forward wrote.
func (k *Recurrence) Backward(du, da, dx0, z, dz gpu.Ptr) {
	d, vectors := k.width, k.batch*k.time*k.rows
	kept := k.kept.Ptr()
	perSequence := kept.Add(vectors * d)
	partial := perSequence.Add(k.batch * k.rows * d)
	k.s.Launch(k.backward, k.grid, gpu.Line(128), gpu.Int(k.batch), gpu.Int(k.time), gpu.Int(k.rows), gpu.Int(d), ptr(dz), ptr(k.a), ptr(k.exponentA),
		ptr(k.exponent0), ptr(k.reset), ptr(k.largest), ptr(k.exponent), ptr(du), ptr(kept), ptr(perSequence))
	k.s.Launch(k.matrix, gpu.Line(k.blocks), gpu.Line(threads), gpu.Int(k.time), gpu.Int(k.rows), gpu.Int(d), uint64(vectors), gpu.Int(k.perBlock),
		ptr(z), ptr(k.x0), ptr(k.reset), ptr(kept), ptr(partial))
	k.totals.launch(k.blocks, d*d, d*d, partial, da)
	k.totals.launch(k.batch, k.rows*d, k.rows*d, perSequence, dx0)
}
