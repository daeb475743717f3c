package kernels

import (
	"goomtrain/internal/gpu"
)

var gates = gpu.Module{Name: "gates"}

// scaledGate is a function of single numbers times a factor.
type scaledGate struct {
	s                 *gpu.Scope
	size              int
	factor            float32
	forward, backward gpu.Function
}

func newScaledGate(s *gpu.Scope, size int, factor float64, name string) scaledGate {
	return scaledGate{s, size, float32(factor), s.Function(&gates, name), s.Function(&gates, name+"_backward")}
}

// Forward writes y.
func (k *scaledGate) Forward(y, x gpu.Ptr) {
	k.s.Launch(k.forward, flatFours(k.size), gpu.Line(threads), uint64(k.size), gpu.Float(k.factor), ptr(x), ptr(y))
}

// Backward writes dx; x is the operand of Forward.
func (k *scaledGate) Backward(dx, x, dy gpu.Ptr) {
	k.s.Launch(k.backward, flatFours(k.size), gpu.Line(threads), uint64(k.size), gpu.Float(k.factor), ptr(x), ptr(dy), ptr(dx))
}

// Sigmoid is the twin of dense.Sigmoid.
type Sigmoid struct{ scaledGate }

// NewSigmoid returns the kernel for x and y of that many elements.
func NewSigmoid(s *gpu.Scope, size int, factor float64) *Sigmoid {
	return &Sigmoid{newScaledGate(s, size, factor, "sigmoid_gate")}
}

// LogSigmoid is the twin of dense.LogSigmoid.
type LogSigmoid struct{ scaledGate }

// NewLogSigmoid returns the kernel for x and y of that many elements.
func NewLogSigmoid(s *gpu.Scope, size int, factor float64) *LogSigmoid {
	return &LogSigmoid{newScaledGate(s, size, factor, "log_sigmoid")}
}

// SoftplusDecay is the twin of dense.SoftplusDecay.
type SoftplusDecay struct {
	s                 *gpu.Scope
	rows, width       int
	shift             int
	perBlock, blocks  int     // of the backward pass
	rate              gpu.Ptr // [H] e^aLog
	partial           *gpu.Shared
	totals            columnTotals
	forward, backward gpu.Function
}

// NewSoftplusDecay returns the kernel for x [rows, width].
func NewSoftplusDecay(s *gpu.Scope, rows, width int) *SoftplusDecay {
	perBlock, blocks := rowBlocks(rows)
	return &SoftplusDecay{s: s, rows: rows, width: width, shift: min(8, shiftOf(width)), perBlock: perBlock, blocks: blocks, rate: s.Alloc(width),
		partial: s.Share(blocks * 2 * width), totals: newColumnTotals(s),
		forward: s.Function(&gates, "softplus_decay"), backward: s.Function(&gates, "softplus_decay_backward")}
}

// Forward writes y.
func (k *SoftplusDecay) Forward(y, x, aLog, bias gpu.Ptr) {
	k.s.Launch(k.forward, rowGrid(k.rows, k.shift), gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift),
		ptr(x), ptr(aLog), ptr(bias), ptr(y), ptr(k.rate))
}

// Backward writes dx, daLog and dbias; x, bias and y are operands and result of the last Forward.
func (k *SoftplusDecay) Backward(dx, daLog, dbias, x, bias, y, dy gpu.Ptr) {
	partial := k.partial.Ptr()
	k.s.Launch(k.backward, gpu.Line(k.blocks), gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(k.shift), gpu.Int(k.perBlock),
		ptr(x), ptr(bias), ptr(k.rate), ptr(y), ptr(dy), ptr(dx), ptr(partial))
	k.totals.launch(k.blocks, k.width, 2*k.width, partial, daLog)
	k.totals.launch(k.blocks, k.width, 2*k.width, partial.Add(k.width), dbias)
}
