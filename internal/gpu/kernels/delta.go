package kernels

import (
	"fmt"

	"goomtrain/internal/gpu"
)

var delta = gpu.Module{Name: "delta"}

// MaxDeltaWidth is the largest width of keys and values of the delta rule.
const MaxDeltaWidth = 128

// DeltaSizes are the sizes of a token of the delta rule, as delta.Sizes after Check.
type DeltaSizes struct {
	KeyHeads, ValueHeads, DKey, DValue, Steps int // KH, VH, K, V, n
	Scale                                     float64
}

// DeltaOperands are the operands of the rule, or their gradients, as delta.Operands. A G of 0 is no decay.
type DeltaOperands struct{ Q, K, V, Beta, G gpu.Ptr }

// Delta is the twin of delta.Kernel, without a carry.
type Delta struct {
	s           *gpu.Scope
	size        DeltaSizes
	batch, time int // B, T

	r                              gpu.Ptr // [B, T, n, VH, V] of the last Forward, or 0
	back                           *gpu.Shared
	forward, values, keys, queries gpu.Function
	steps, decays, group           gpu.Function
	arguments                      []uint64
}

// deltaThreads and deltaOuter are THREADS and OUTER of delta.cu.
const (
	deltaThreads = 128
	deltaOuter   = 32
)

// NewDelta returns the kernel for B = batch sequences of T = time tokens. Keys and values have at most MaxDeltaWidth numbers.
func NewDelta(s *gpu.Scope, batch, time int, size DeltaSizes) *Delta {
	k := &Delta{s: s, size: size, batch: batch, time: time}
	if n := max(size.DKey, size.DValue); n > MaxDeltaWidth {
		s.Fail(fmt.Errorf("gpu: the delta rule has keys of %d and values of %d numbers: a GPU has them up to %d", size.DKey, size.DValue, MaxDeltaWidth))
		return k
	}
	k.forward = k.function("forward", size.DKey)
	return k
}

// function returns the kernel that holds so many numbers of the state in four lanes.
func (k *Delta) function(name string, width int) gpu.Function {
	room := 32
	for room < width {
		room *= 2
	}
	return k.s.Function(&delta, fmt.Sprintf("delta_%s_%d", name, room))
}

// WantGradients makes every later Forward keep what Backward needs.
func (k *Delta) WantGradients() {
	if k.s.Err() != nil {
		return
	}
	k.r = k.s.Alloc(k.batch * k.time * k.size.Steps * k.size.ValueHeads * k.size.DValue)
	k.back = k.s.Share(2*k.sums() + k.groupQ() + k.groupK())
	k.values, k.keys, k.queries = k.function("values", k.size.DKey), k.function("keys", k.size.DValue), k.function("queries", k.size.DValue)
	f := func(name string) gpu.Function { return k.s.Function(&delta, "delta_"+name) }
	k.steps, k.decays, k.group = f("steps"), f("decays"), f("group")
}

// heads is the number of value heads of all sequences.
func (k *Delta) heads() int { return k.batch * k.size.ValueHeads }

// sums is how many sums over blocks of rows there are, groupQ and groupK how many numbers the gradients of queries and keys of
// value heads have where a key head has several.
func (k *Delta) sums() int {
	return k.heads() * pieces(k.size.DKey, deltaOuter) * k.time * k.size.Steps
}

func (k *Delta) groupQ() int {
	if k.size.ValueHeads == k.size.KeyHeads {
		return 0
	}
	return k.heads() * k.time * k.size.DKey
}

func (k *Delta) groupK() int { return k.groupQ() * k.size.Steps }

// launch starts a kernel with a block for each 32 numbers of width, of each head.
func (k *Delta) launch(f gpu.Function, width int, args ...gpu.Ptr) {
	k.s.Launch(f, gpu.Line(k.heads()*pieces(width, deltaOuter)), gpu.Line(deltaThreads), k.args(nil, args)...)
}

// args returns the arguments of a kernel: the sizes, other numbers, addresses. They are valid until the next call.
func (k *Delta) args(numbers []uint64, addresses []gpu.Ptr) []uint64 {
	z := k.size
	all := append(k.arguments[:0], gpu.Int(k.time), gpu.Int(z.Steps), gpu.Int(z.KeyHeads), gpu.Int(z.ValueHeads), gpu.Int(z.DKey), gpu.Int(z.DValue),
		gpu.Float(float32(z.Scale)))
	all = append(all, numbers...)
	for _, p := range addresses {
		all = append(all, ptr(p))
	}
	k.arguments = all
	return all
}

// Forward writes o [B, T, VH, V].
func (k *Delta) Forward(o gpu.Ptr, x DeltaOperands) {
	k.launch(k.forward, k.size.DValue, x.Q, x.K, x.V, x.Beta, x.G, o, k.r)
}

// Backward writes the gradients of all operands, which are those of the last Forward, after WantGradients.
func (k *Delta) Backward(grad, x DeltaOperands, do gpu.Ptr) {
	z, heads := k.size, gpu.Int(k.heads())
	later := k.back.Ptr()
	before := later.Add(k.sums())
	dq, dk := grad.Q, grad.K
	if k.groupQ() > 0 {
		dq = before.Add(k.sums())
		dk = dq.Add(k.groupQ())
	}
	k.launch(k.values, z.DValue, x.Q, x.K, x.Beta, x.G, do, grad.V)
	k.launch(k.keys, z.DKey, x.Q, x.K, x.Beta, x.G, k.r, grad.V, do, dk, later)
	k.launch(k.queries, z.DKey, x.Q, x.K, x.Beta, x.G, k.r, grad.V, do, dq, dk, before)
	k.s.Launch(k.steps, gpu.Line(pieces(k.heads()*k.time*z.Steps, deltaThreads/32)), gpu.Line(deltaThreads),
		k.args([]uint64{heads}, []gpu.Ptr{x.Q, x.K, x.Beta, k.r, do, later, before, grad.Beta})...)
	if x.G != 0 {
		k.s.Launch(k.decays, gpu.Line(pieces(k.heads(), deltaThreads)), gpu.Line(deltaThreads), k.args([]uint64{heads}, []gpu.Ptr{x.G, before, grad.G})...)
	}
	if k.groupQ() > 0 {
		k.sum(dq, grad.Q, k.batch*k.time)
		k.sum(dk, grad.K, k.batch*k.time*z.Steps)
	}
}

// sum adds up the gradients of value heads [rows, VH, K] to those of their key heads.
func (k *Delta) sum(of, to gpu.Ptr, rows int) {
	n := rows * k.size.KeyHeads * k.size.DKey
	k.s.Launch(k.group, gpu.Line(pieces(n, deltaThreads)), gpu.Line(deltaThreads), uint64(n), gpu.Int(k.size.KeyHeads), gpu.Int(k.size.ValueHeads),
		gpu.Int(k.size.DKey), ptr(of), ptr(to))
}
