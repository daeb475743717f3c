package kernels

import (
	"goomtrain/internal/gpu"
)

var shortConv = gpu.Module{Name: "shortconv"}

// ShortConv is the twin of conv.Kernel, without a carry.
type ShortConv struct {
	s                           *gpu.Scope
	batch, time, channels, taps int // B, T, C, W
	silu                        bool

	perBlock, blocks                  int         // of the sums of dw and dbias
	scratch                           *gpu.Shared // l [B, T, C], and the sums of blocks
	totals                            columnTotals
	forward, adjoint, inputs, weights gpu.Function
}

// NewShortConv returns the kernel for x [batch, time, channels] and W = width.
func NewShortConv(s *gpu.Scope, batch, time, channels, width int, silu bool) *ShortConv {
	k := &ShortConv{s: s, batch: batch, time: time, channels: channels, taps: width, silu: silu, totals: newColumnTotals(s)}
	k.perBlock, k.blocks = rowBlocks(batch * time)
	k.scratch = s.Share(batch*time*channels + k.blocks*channels*(width+1))
	f := func(name string) gpu.Function { return s.Function(&shortConv, "short_conv"+name) }
	k.forward, k.adjoint, k.inputs, k.weights = f(""), f("_adjoint"), f("_inputs"), f("_weights")
	return k
}

// sizes are the first arguments of most kernels.
func (k *ShortConv) sizes() (n, time, channels, taps uint64) {
	return uint64(k.batch * k.time * k.channels), gpu.Int(k.time), gpu.Int(k.channels), gpu.Int(k.taps)
}

// Forward writes y [B, T, C]. A bias of 0 is zero.
func (k *ShortConv) Forward(y, x, w, bias gpu.Ptr) {
	silu := 0
	if k.silu {
		silu = 1
	}
	n, t, c, taps := k.sizes()
	k.s.Launch(k.forward, flat(int(n)), gpu.Line(threads), n, t, c, taps, gpu.Int(silu), ptr(x), ptr(w), ptr(bias), ptr(y))
}

// Backward writes dx, dw and dbias, which is 0 if bias is; x, w and bias are the operands of the last Forward.
func (k *ShortConv) Backward(dx, dw, dbias, x, w, bias, dy gpu.Ptr) {
	n, t, c, taps := k.sizes()
	l, partial := dy, k.scratch.Ptr().Add(int(n))
	if k.silu {
		l = k.scratch.Ptr()
		k.s.Launch(k.adjoint, flat(int(n)), gpu.Line(threads), n, t, c, taps, ptr(x), ptr(w), ptr(bias), ptr(dy), ptr(l))
	}
	k.s.Launch(k.inputs, flat(int(n)), gpu.Line(threads), n, t, c, taps, ptr(w), ptr(l), ptr(dx))
	partialBias := gpu.Ptr(0)
	if dbias != 0 {
		partialBias = partial.Add(k.blocks * k.channels * k.taps)
	}
	grid := gpu.Dim{X: k.blocks, Y: pieces(pieces(k.taps, 4)*k.channels, threads), Z: 1}
	k.s.Launch(k.weights, grid, gpu.Line(threads), gpu.Int(k.batch*k.time), t, c, taps, gpu.Int(k.perBlock), ptr(x), ptr(l), ptr(partial), ptr(partialBias))
	k.totals.launch(k.blocks, k.channels*k.taps, k.channels*k.taps, partial, dw)
	if dbias != 0 {
		k.totals.launch(k.blocks, k.channels, k.channels, partialBias, dbias)
	}
}
