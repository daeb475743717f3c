package kernels

import (
	"goomtrain/internal/gpu"
)

var elementwise = gpu.Module{Name: "elementwise"}

// Sum adds arrays of the same size.
type Sum struct {
	s    *gpu.Scope
	size int
	sum  gpu.Function
}

// NewSum returns the kernel for arrays of that size.
func NewSum(s *gpu.Scope, size int) *Sum {
	return &Sum{s, size, s.Function(&elementwise, "sum")}
}

// Size returns the size of the arrays.
func (k *Sum) Size() int { return k.size }

// Forward writes y = a + b. y may be one of them.
func (k *Sum) Forward(y, a, b gpu.Ptr) {
	k.s.Launch(k.sum, flatFours(k.size), gpu.Line(threads), uint64(k.size), ptr(a), ptr(b), ptr(y))
}

// AddTo adds a to y.
func (k *Sum) AddTo(y, a gpu.Ptr) { k.Forward(y, y, a) }

// Copy copies arrays.
type Copy struct {
	s    *gpu.Scope
	size int
	copy gpu.Function
}

// NewCopy returns the kernel for arrays of that size.
func NewCopy(s *gpu.Scope, size int) *Copy { return &Copy{s, size, s.Function(&elementwise, "copy")} }

// Forward writes y = x.
func (k *Copy) Forward(y, x gpu.Ptr) {
	k.s.Launch(k.copy, flatFours(k.size), gpu.Line(threads), uint64(k.size), ptr(x), ptr(y))
}

// Fill sets memory to zero.
type Fill struct {
	s    *gpu.Scope
	zero gpu.Function
}

// NewFill returns the kernel.
func NewFill(s *gpu.Scope) *Fill { return &Fill{s, s.Function(&elementwise, "zero")} }

// Zero clears so many words of 4 bytes.
func (k *Fill) Zero(p gpu.Ptr, words int) {
	k.s.Launch(k.zero, flatFours(words), gpu.Line(threads), uint64(words), ptr(p))
}
