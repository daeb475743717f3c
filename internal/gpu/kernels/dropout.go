package kernels

import (
	"math"

	"goomtrain/internal/gpu"
)

var dropout = gpu.Module{Name: "dropout"}

// Dropout is the twin of dense.Dropout. It draws the same random numbers.
type Dropout struct {
	s      *gpu.Scope
	batch  int
	size   int
	keep   uint64
	factor float32
	key    func() (key uint64, first int)
	run    gpu.Function
}

// NewDropout returns the kernel for batch sequences of size numbers, which are dropped with probability 0 <= p < 1. key
// returns, at each call, the key of the site at the present step and the number of the first sequence.
func NewDropout(s *gpu.Scope, batch, size int, p float64, key func() (key uint64, first int)) *Dropout {
	return &Dropout{s: s, batch: batch, size: size, keep: 1<<32 - uint64(math.Ceil(p*(1<<32))), factor: float32(1 / (1 - p)),
		key: key, run: s.Function(&dropout, "dropout")}
}

// Forward writes y; a residual of 0 is none.
func (k *Dropout) Forward(y, x, residual gpu.Ptr) {
	key, first := k.key()
	blocks := flatFours(k.size).X
	k.s.Launch(k.run, gpu.Line(blocks*k.batch), gpu.Line(threads), gpu.Int(blocks), uint64(k.size), key, uint64(first), k.keep, gpu.Float(k.factor),
		ptr(x), ptr(residual), ptr(y))
}

// Backward writes dx, with the noise as it was in Forward; dresidual is dy.
func (k *Dropout) Backward(dx, dy gpu.Ptr) { k.Forward(dx, dy, 0) }
