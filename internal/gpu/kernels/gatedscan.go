package kernels

import (
	"goomtrain/internal/gpu"
)

var gatedScan = gpu.Module{Name: "gatedscan"}

// gatedChunk is CHUNK of gatedscan.cu.
const gatedChunk = 32

// Gated is the twin of scan.Gated, without a carry.
type Gated struct {
	s                    *gpu.Scope
	batch, time, width   int // B, T, D
	chunks               int
	e                    gpu.Ptr     // [B, T, D]
	summary              *gpu.Shared // two numbers for each channel of each chunk
	each, across         gpu.Dim     // a thread for each channel of each chunk, and of each sequence
	ends, starts         gpu.Function
	forward, backward    gpu.Function
	endsBack, startsBack gpu.Function
}

// NewGated returns the kernel for e [batch, time, width].
func NewGated(s *gpu.Scope, batch, time, width int) *Gated {
	k := &Gated{s: s, batch: batch, time: time, width: width, chunks: pieces(time, gatedChunk)}
	k.e, k.summary = s.Alloc(batch*time*width), s.Share(2*batch*k.chunks*width)
	k.each, k.across = flat(batch*k.chunks*width), flat(batch*width)
	f := func(name string) gpu.Function { return s.Function(&gatedScan, name) }
	k.ends, k.starts, k.forward = f("gated_chunks"), f("gated_starts"), f("gated_forward")
	k.endsBack, k.startsBack, k.backward = f("gated_chunks_back"), f("gated_starts_back"), f("gated_backward")
	return k
}

// Forward writes y. A residual [B, T, D] of 0 is zero.
func (k *Gated) Forward(y, x, residual gpu.Ptr) {
	b, t, d := gpu.Int(k.batch), gpu.Int(k.time), gpu.Int(k.width)
	decays := k.summary.Ptr()
	ends := decays.Add(k.batch * k.chunks * k.width)
	k.s.Launch(k.ends, k.each, gpu.Line(threads), b, t, d, ptr(x), ptr(decays), ptr(ends))
	k.s.Launch(k.starts, k.across, gpu.Line(threads), b, d, gpu.Int(k.chunks), ptr(decays), ptr(ends))
	k.s.Launch(k.forward, k.each, gpu.Line(threads), b, t, d, ptr(x), ptr(ends), ptr(residual), ptr(k.e), ptr(y))
}

// Backward writes the gradient dx of the input x of the last Forward; that of the residual is dy.
func (k *Gated) Backward(dx, x, dy gpu.Ptr) {
	b, t, d := gpu.Int(k.batch), gpu.Int(k.time), gpu.Int(k.width)
	factors := k.summary.Ptr()
	flows := factors.Add(k.batch * k.chunks * k.width)
	k.s.Launch(k.endsBack, k.each, gpu.Line(threads), b, t, d, ptr(x), ptr(k.e), ptr(dy), ptr(factors), ptr(flows))
	k.s.Launch(k.startsBack, k.across, gpu.Line(threads), b, d, gpu.Int(k.chunks), ptr(factors), ptr(flows))
	k.s.Launch(k.backward, k.each, gpu.Line(threads), b, t, d, ptr(x), ptr(k.e), ptr(flows), ptr(dy), ptr(dx))
}
