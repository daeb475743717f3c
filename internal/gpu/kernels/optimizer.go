package kernels

import (
	"goomtrain/internal/gpu"
)

var optimizer = gpu.Module{Name: "optimizer"}

// Optimizer updates parameters. All its methods but Swap read scale, the address of the factor on the gradients, and change
// nothing if that is negative.
type Optimizer struct {
	s                      *gpu.Scope
	adamw, lion, ema, swap gpu.Function
}

// NewOptimizer returns the kernels.
func NewOptimizer(s *gpu.Scope) *Optimizer {
	f := func(name string) gpu.Function { return s.Function(&optimizer, name) }
	return &Optimizer{s, f("adamw"), f("lion"), f("ema"), s.Function(&elementwise, "swap")}
}

// AdamWStep holds the numbers of an update, as simd.AdamWStep does.
type AdamWStep struct {
	LR, Beta1, Beta2, Eps, Decay float32
	Correction1, Correction2     float32
}

// AdamW updates n values and their moments m and v.
func (k *Optimizer) AdamW(n int, value, grad, m, v, scale gpu.Ptr, h AdamWStep) {
	keep := float32(1 - float64(h.LR)*float64(h.Decay))
	k.s.Launch(k.adamw, flatFours(n), gpu.Line(threads), uint64(n), ptr(value), ptr(grad), ptr(m), ptr(v), ptr(scale),
		gpu.Float(h.Beta1), gpu.Float(1-h.Beta1), gpu.Float(h.Beta2), gpu.Float(1-h.Beta2),
		gpu.Float(keep), gpu.Float(h.LR/h.Correction1), gpu.Float(1/h.Correction2), gpu.Float(h.Eps))
}

// LionStep holds the numbers of an update by Lion.
type LionStep struct{ LR, Beta1, Beta2, Decay float32 }

// Lion updates n values and their momentum m.
func (k *Optimizer) Lion(n int, value, grad, m, scale gpu.Ptr, h LionStep) {
	k.s.Launch(k.lion, flatFours(n), gpu.Line(threads), uint64(n), ptr(value), ptr(grad), ptr(m), ptr(scale),
		gpu.Float(h.LR), gpu.Float(h.Beta1), gpu.Float(1-h.Beta1), gpu.Float(h.Beta2), gpu.Float(1-h.Beta2), gpu.Float(1-h.LR*h.Decay))
}

// EMA adds values to their average, in which past is the weight of what it was before.
func (k *Optimizer) EMA(n int, average, value, scale gpu.Ptr, past float32) {
	k.s.Launch(k.ema, flatFours(n), gpu.Line(threads), uint64(n), ptr(average), ptr(value), ptr(scale), gpu.Float(past), gpu.Float(1-past))
}

// Swap exchanges two arrays.
func (k *Optimizer) Swap(n int, a, b gpu.Ptr) {
	k.s.Launch(k.swap, flatFours(n), gpu.Line(threads), uint64(n), ptr(a), ptr(b))
}

// Norm measures the gradients of a fixed set of parameters.
type Norm struct {
	s               *gpu.Scope
	sizes, first    []int   // elements and first piece of each parameter
	piece           int     // elements whose squares are added up by themselves
	pieces          int     // in all
	sums, result    gpu.Ptr // float64: one a piece, and the norm
	squares, finish gpu.Function
}

// NewNorm returns the kernel for gradients of those sizes, whose squares are added up by pieces of that many elements.
func NewNorm(s *gpu.Scope, sizes []int, piece int) *Norm {
	k := &Norm{s: s, sizes: sizes, piece: piece, squares: s.Function(&optimizer, "squares"), finish: s.Function(&optimizer, "finish_norm")}
	for _, n := range sizes {
		k.first = append(k.first, k.pieces)
		k.pieces += (n + piece - 1) / piece
	}
	k.sums, k.result = s.Alloc(2*k.pieces), s.Alloc(2)
	return k
}

// Add measures the gradient of parameter i.
func (k *Norm) Add(i int, grad gpu.Ptr) {
	n := k.sizes[i]
	k.s.Launch(k.squares, gpu.Line((n+k.piece-1)/k.piece), gpu.Line(threads), uint64(n), gpu.Int(k.piece), ptr(grad), ptr(k.sums.Add(2*k.first[i])))
}

// Finish computes the norm of all parameters. It writes to scale the factor that reduces it to clip (0: no limit), or -1 if
// the norm or the number at loss (float64) is not finite.
func (k *Norm) Finish(scale, loss gpu.Ptr, clip float64) {
	k.s.Launch(k.finish, gpu.Line(1), gpu.Line(threads), gpu.Int(k.pieces), ptr(k.sums), ptr(loss), gpu.Double(clip), ptr(k.result), ptr(scale))
}

// Sums returns the address of the sums of squares (float64), one a piece.
func (k *Norm) Sums() gpu.Ptr { return k.sums }

// Result returns the address of the norm (float64).
func (k *Norm) Result() gpu.Ptr { return k.result }
