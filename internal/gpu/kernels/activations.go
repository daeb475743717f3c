package kernels

import (
	"goomtrain/internal/gpu"
)

var activations = gpu.Module{Name: "activations"}

// gated is a function of the two halves of rows.
type gated struct {
	s                 *gpu.Scope
	rows, width       int
	forward, backward gpu.Function
}

func newGated(s *gpu.Scope, rows, width int, name string) gated {
	return gated{s, rows, width, s.Function(&activations, name), s.Function(&activations, name+"_backward")}
}

// Forward writes y.
func (k *gated) Forward(y, x gpu.Ptr) {
	grid, shift := byRowFours(k.rows, k.width)
	k.s.Launch(k.forward, grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(shift), ptr(x), ptr(y))
}

// Backward writes dx; x is the operand of Forward.
func (k *gated) Backward(dx, x, dy gpu.Ptr) {
	grid, shift := byRowFours(k.rows, k.width)
	k.s.Launch(k.backward, grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.width), gpu.Int(shift), ptr(x), ptr(dy), ptr(dx))
}

// GLU is the twin of dense.GLU.
type GLU struct{ gated }

// NewGLU returns the kernel for y [rows, width].
func NewGLU(s *gpu.Scope, rows, width int) *GLU { return &GLU{newGated(s, rows, width, "glu")} }

// SwiGLU is the twin of dense.SwiGLU.
type SwiGLU struct{ gated }

// NewSwiGLU returns the kernel for y [rows, width].
func NewSwiGLU(s *gpu.Scope, rows, width int) *SwiGLU {
	return &SwiGLU{newGated(s, rows, width, "swiglu")}
}

// elementwiseFunction is a function of single numbers.
type elementwiseFunction struct {
	s                 *gpu.Scope
	size              int
	forward, backward gpu.Function
}

func newElementwise(s *gpu.Scope, size int, name string) elementwiseFunction {
	return elementwiseFunction{s, size, s.Function(&activations, name), s.Function(&activations, name+"_backward")}
}

// Forward writes y.
func (k *elementwiseFunction) Forward(y, x gpu.Ptr) {
	k.s.Launch(k.forward, flatFours(k.size), gpu.Line(threads), uint64(k.size), ptr(x), ptr(y))
}

// Backward writes dx; x is the operand of Forward.
func (k *elementwiseFunction) Backward(dx, x, dy gpu.Ptr) {
	k.s.Launch(k.backward, flatFours(k.size), gpu.Line(threads), uint64(k.size), ptr(x), ptr(dy), ptr(dx))
}

// GELU is the twin of dense.GELU.
type GELU struct{ elementwiseFunction }

// NewGELU returns the kernel for x and y of that many elements.
func NewGELU(s *gpu.Scope, size int) *GELU { return &GELU{newElementwise(s, size, "gelu")} }

// SiLU is the twin of dense.SiLU.
type SiLU struct{ elementwiseFunction }

// NewSiLU returns the kernel for x and y of that many elements.
func NewSiLU(s *gpu.Scope, size int) *SiLU { return &SiLU{newElementwise(s, size, "silu")} }

// GatedSiLU is the twin of dense.GatedSiLU.
type GatedSiLU struct {
	s                 *gpu.Scope
	size              int
	forward, backward gpu.Function
}

// NewGatedSiLU returns the kernel for operands of that many elements.
func NewGatedSiLU(s *gpu.Scope, size int) *GatedSiLU {
	return &GatedSiLU{s, size, s.Function(&activations, "gated_silu"), s.Function(&activations, "gated_silu_backward")}
}

// Forward writes y.
func (k *GatedSiLU) Forward(y, gate, up gpu.Ptr) {
	k.s.Launch(k.forward, flatFours(k.size), gpu.Line(threads), uint64(k.size), ptr(gate), ptr(up), ptr(y))
}

// Backward writes dgate and dup; gate and up are the operands of Forward.
func (k *GatedSiLU) Backward(dgate, dup, gate, up, dy gpu.Ptr) {
	k.s.Launch(k.backward, flatFours(k.size), gpu.Line(threads), uint64(k.size), ptr(gate), ptr(up), ptr(dy), ptr(dgate), ptr(dup))
}
