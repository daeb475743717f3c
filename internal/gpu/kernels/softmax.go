package kernels

import (
	"fmt"
	"math"

	"goomtrain/internal/gpu"
)

var softmax = gpu.Module{Name: "softmax"}

// MaxSoftmaxWidth is the largest width of keys and values.
const MaxSoftmaxWidth = 128

// Softmax is the twin of softmax.Kernel, without a cache.
type Softmax struct {
	s *gpu.Scope
	AttentionSize
	arguments
	block, blockBack int     // rows of a block
	lse, dot         gpu.Ptr // [B, H, Tq]

	forward, dots, backwardKeys, backwardQueries gpu.Function
}

// NewSoftmax returns the kernel. Keys and values have at most MaxSoftmaxWidth numbers.
func NewSoftmax(s *gpu.Scope, size AttentionSize) *Softmax {
	k := &Softmax{s: s, AttentionSize: size}
	width := 32
	switch n := max(size.DKey, size.DValue); {
	case n > MaxSoftmaxWidth:
		s.Fail(fmt.Errorf("gpu: softmax attention has keys of %d and values of %d numbers: a GPU has them up to %d", size.DKey, size.DValue, MaxSoftmaxWidth))
		return k
	case n > 64:
		width, k.block, k.blockBack = 128, 32, 16
	case n > 32:
		width, k.block, k.blockBack = 64, 64, 32
	default:
		k.block, k.blockBack = 64, 64
	}
	rows := size.tasks() * size.Queries
	k.lse, k.dot = s.Alloc(rows), s.Alloc(rows)
	f := func(name string) gpu.Function { return s.Function(&softmax, fmt.Sprintf("softmax_%s_%d", name, width)) }
	k.forward, k.backwardKeys, k.backwardQueries = f("forward"), f("backward_keys"), f("backward_queries")
	k.dots = s.Function(&softmax, "softmax_dots")
	return k
}

// begin begins the arguments of a kernel.
func (k *Softmax) begin() {
	k.sizes(k.AttentionSize)
	k.floats(float32(1 / math.Sqrt(float64(k.DKey))))
}

// launch starts it with blocks of so many of the rows of each head.
func (k *Softmax) launch(f gpu.Function, rows, block int) {
	k.s.Launch(f, gpu.Line((rows+block-1)/block*k.tasks()), gpu.Line(128), k.arguments...)
}

// Forward writes y [B, Tq, H*V].
func (k *Softmax) Forward(y gpu.Ptr, q, keys, values Rows) {
	k.begin()
	k.rows(q, keys, values)
	k.ptrs(y, k.lse)
	k.launch(k.forward, k.Queries, k.block)
}

// Backward writes dq, dk and dv of the last Forward, whose operands it is given again.
func (k *Softmax) Backward(dq, dk, dv, q, keys, values Rows, y, dy gpu.Ptr) {
	rows := k.tasks() * k.Queries
	k.s.Launch(k.dots, gpu.Line((rows+7)/8), gpu.Line(threads), gpu.Int(k.Heads), uint64(rows), gpu.Int(k.Queries), gpu.Int(k.DValue),
		ptr(y), ptr(dy), ptr(k.dot))
	grad := Packed(dy, k.Heads, k.DValue)
	k.begin()
	k.rows(q, keys, values, grad)
	k.ptrs(k.lse, k.dot)
	k.rows(dk, dv)
	k.launch(k.backwardKeys, k.Keys, k.blockBack)
	k.begin()
	k.rows(q, keys, values, grad)
	k.ptrs(k.lse, k.dot)
	k.rows(dq)
	k.launch(k.backwardQueries, k.Queries, k.blockBack)
}
