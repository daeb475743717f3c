package gla

import (
	"fmt"
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// A Decay says to what a decay applies.
type Decay int

const (
	PerChannel Decay = iota // g [B, T, H, K]: to a key channel at one token
	PerHead                 // g [B, T, H]: to a head at one token
	Fixed                   // g [H], a constant: to a head at every token
)

// Size is the shape of a linear attention with decay.
type Size struct {
	Batch, Time, Heads, DKey, DValue int
	Scale                            float64 // 0: 1/sqrt(DKey)
	Decay                            Decay
}

// scale returns s.
func (s Size) scale() float64 {
	if s.Scale == 0 {
		return 1 / math.Sqrt(float64(s.DKey))
	}
	return s.Scale
}

// decays returns how many numbers of g belong to one head and token.
func (s Size) decays() int {
	if s.Decay == PerChannel {
		return s.DKey
	}
	return 1
}

// rows returns the operand x [B, T, H, width] from token t of batch element b on, head h, channel c.
func rows[F simd.Float](s Size, x []F, width, b, t, h, c int) simd.Steps[F] {
	return simd.Steps[F]{Data: x[((b*s.Time+t)*s.Heads+h)*width+c:], Stride: s.Heads * width}
}

// Kernel is the fast form, of one size.
type Kernel[F simd.Float] struct {
	Size
	differentiated       bool // see WantGradients
	start                []F  // [B, H, K, V] state that the last Forward began with, nil for zeros
	kept                 []F  // memory of start
	pool                 workspace.Pool[scratch[F]]
	keyParts, valueParts int
	stretches            []stretch[F] // [B, H, T/L]; see stretchAt
	memory               []stretch[F] // as many as the kernel had at first
	partial              []F          // [keyParts, B*T*H] of dg for one decay a head

	carry              *Carry[F] // operands of the running call
	q, k, v, g, o      []F
	dq, dk, dv, dg, do []F
	dStart, dEnd       []F
	prepare            func(lo, hi int)
	forward, backward  func(task int)

	left      []F // of LeaveBack; nil in other calls
	leaveBack func(task int)
}

// New returns the kernel.
func New[F simd.Float](size Size) *Kernel[F] {
	if size.Batch < 1 || size.Time < 1 || size.Heads < 1 || size.DKey < 1 || size.DValue < 1 || size.Decay < PerChannel || size.Decay > Fixed {
		panic(fmt.Sprintf("gla: size %+v, want positive sizes and a known decay", size))
	}
	k := &Kernel[F]{Size: size}
	k.pool.Create = func() *scratch[F] { return newScratch[F](size) }
	k.makeStretches()
	k.Resize(size.Batch, size.Time)
	k.prepare, k.forward, k.backward = k.prepareStretches, k.forwardTask, k.backwardTask
	k.leaveBack = k.leaveBackTask
	return k
}

// Resize makes it the kernel of batch sequences of time tokens, at most as many as New was given.
func (k *Kernel[F]) Resize(batch, time int) {
	k.Batch, k.Time = batch, time
	k.keyParts, k.valueParts = k.parts(k.DKey), k.parts(k.DValue)
	k.layStretches()
}

// A head of few channels is not worth dividing, and with many heads there is work for all cores without.
const (
	partWidth = 16
	enough    = 8
)

// parts returns into how many parts the channels of a head are divided among tasks.
func (s Size) parts(channels int) int {
	heads := s.Batch * s.Heads
	return max(1, min((enough+heads-1)/heads, channels/partWidth))
}

// part returns the channels lo to hi of part i of n. Parts are whole vectors, but for the last.
func part(i, n, channels int) (lo, hi int) {
	const vector = 8
	vectors := (channels + vector - 1) / vector
	return i * vectors / n * vector, min((i+1)*vectors/n*vector, channels)
}

// WantGradients makes every later Forward keep the state that it begins with, which Backward needs.
func (k *Kernel[F]) WantGradients() { k.differentiated = true }

// Forward writes o [B, T, H, V]. If carry is not nil it begins with the state of the carry, which receives the last
// state.
func (k *Kernel[F]) Forward(o, q, keys, v, g []F, carry *Carry[F]) {
	k.start = nil
	if carry != nil {
		k.CheckCarry(carry)
		if k.differentiated {
			k.kept = append(k.kept[:0], carry.state...)
			k.start = k.kept
		}
	}
	k.o, k.q, k.k, k.v, k.g, k.carry = o, q, keys, v, g, carry
	simd.ForRange(len(k.stretches), 1+simd.Grain/(stretchTokens*k.decays()), k.prepare)
	k.pool.For(k.Batch*k.Heads*k.valueParts, k.forward)
}

// Backward writes the gradients of the operands of the last Forward, which it is given again, from do. dg is nil for
// Fixed. dEnd [B, H, K, V] is the gradient of the last state, nil for zeros; dStart [B, H, K, V] receives that of the
// first unless it is nil.
func (k *Kernel[F]) Backward(dq, dk, dv, dg, dStart, q, keys, v, g, do, dEnd []F) {
	if !k.differentiated {
		panic("gla: Backward of a kernel without WantGradients")
	}
	if k.Decay == PerHead {
		k.partial = workspace.Grow(k.partial, k.keyParts*k.Batch*k.Time*k.Heads)
	}
	k.dq, k.dk, k.dv, k.dg, k.dStart, k.q, k.k, k.v, k.g, k.do, k.dEnd = dq, dk, dv, dg, dStart, q, keys, v, g, do, dEnd
	k.pool.For(k.Batch*k.Heads*(k.keyParts+k.valueParts), k.backward)
	if k.Decay == PerHead {
		workspace.Sum(dg, k.partial)
	}
}

// backwardTask computes the gradients of some key channels of a head, or of some value channels.
func (k *Kernel[F]) backwardTask(task int) {
	parts := k.keyParts + k.valueParts
	head, i := task/parts, task%parts
	if i < k.keyParts {
		k.keyGradients(head/k.Heads, head%k.Heads, i)
	} else {
		k.valueGradients(head/k.Heads, head%k.Heads, i-k.keyParts)
	}
}
