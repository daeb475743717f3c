package gla

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// scratch is the memory of one worker.
type scratch[F simd.Float] struct {
	q, k    []F // [L, K] queries and keys without decays
	state   []F // [K, V], or a part of it or of its transpose, divided by c
	adjoint []F // of the state, multiplied by c
	factors []F // [K] see enter
	last    []F // [K] c of the last token of the block before, or decays of the first token of the block behind
	sum     []F // [K] dg of the token behind
	sums    []F // [L, K] dg of every channel
	total   []F // [L] their sums
	ones    []F // [K]
	starts  []F // [T/L, V, K] states at the beginning of every stretch
	inner   []F // [L, V, K] states at the beginning of every block of a stretch
}

func newScratch[F simd.Float](size Size) *scratch[F] {
	s := &scratch[F]{}
	s.ones = make([]F, size.DKey)
	fill(s.ones, 1)
	s.total = workspace.Make[F](stretchTokens)
	for _, x := range []*[]F{&s.q, &s.k, &s.sums} {
		*x = workspace.Make[F](min(stretchTokens, size.Time) * size.DKey)
	}
	for _, x := range []*[]F{&s.state, &s.adjoint} {
		*x = workspace.Make[F](size.DKey * size.DValue)
	}
	for _, x := range []*[]F{&s.factors, &s.last, &s.sum} {
		*x = workspace.Make[F](size.DKey)
	}
	return s
}

// decayOf returns the first numbers of x [K] that a stretch has for key channels k0 to k1: one each, or one for all.
func (k *Kernel[F]) decayOf(x []F, k0, k1 int) []F { return x[:min(k1-k0, k.decays())] }

// headState returns the state of one head in x [B, H, K, V].
func (k *Kernel[F]) headState(x []F, b, h int) []F {
	n := k.DKey * k.DValue
	return x[(b*k.Heads+h)*n:][:n]
}

// load sets dst [K, v1-v0] to columns of the state of a head in x [B, H, K, V], or to zeros if x is nil.
func (k *Kernel[F]) load(dst, x []F, b, h, v0, v1 int) {
	if x == nil {
		clear(dst)
		return
	}
	state, w := k.headState(x, b, h), v1-v0
	for r := range k.DKey {
		copy(dst[r*w:(r+1)*w], state[r*k.DValue+v0:])
	}
}

// plain returns queries, multiplied by s, and keys of the stretch of a head that begins at token t, without decays.
func (k *Kernel[F]) plain(s *scratch[F], b, h, t int) (q, keys simd.Steps[F]) {
	d := k.stretchAt(b, h, t)
	q, keys = simd.Steps[F]{Data: s.q, Stride: k.DKey}, simd.Steps[F]{Data: s.k, Stride: k.DKey}
	d.apply(q, rows(k.Size, k.q, k.DKey, b, t, h, 0), d.c, F(k.scale()), 0, d.tokens, 0, k.DKey)
	d.apply(keys, rows(k.Size, k.k, k.DKey, b, t, h, 0), d.back, 1, 0, d.tokens, 0, k.DKey)
	return q, keys
}

// forwardTask computes some value channels of one head.
func (k *Kernel[F]) forwardTask(task int) {
	head, i := task/k.valueParts, task%k.valueParts
	b, h := head/k.Heads, head%k.Heads
	v0, v1 := part(i, k.valueParts, k.DValue)
	s := k.pool.Take()
	columns, last := v1-v0, k.decayOf(s.last, 0, k.DKey)
	state := s.state[:k.DKey*columns]
	switch {
	case k.carry == nil:
		clear(state)
	case columns == k.DValue:
		state = k.headState(k.carry.state, b, h) // in place
	default:
		k.load(state, k.carry.state, b, h, v0, v1)
	}
	fill(last, 1)
	for t := 0; t < k.Time; t += stretchTokens {
		d := k.stretchAt(b, h, t)
		q, keys := k.plain(s, b, h, t)
		for i := range d.blocks[1:] {
			enter(s.factors, last, d.firstOf(i, 0, k.DKey))
			simd.ScaleRows(state, state, s.factors)
			at, n := d.blocks[i], d.blocks[i+1]-d.blocks[i]
			simd.LinearSteps(state, rows(k.Size, k.o, k.DValue, b, t+at, h, v0), from(q, at), from(keys, at),
				rows(k.Size, k.v, k.DValue, b, t+at, h, v0), n, k.DKey, columns, false)
			copy(last, d.lastOf(i, 0, k.DKey))
		}
	}
	if k.carry != nil {
		if k.Time > 1 { // else c is 1
			spread(s.factors, last)
			simd.ScaleRows(state, state, s.factors)
		}
		if columns < k.DValue {
			to := k.headState(k.carry.state, b, h)
			for r := range k.DKey {
				copy(to[r*k.DValue+v0:], state[r*columns:(r+1)*columns])
			}
		}
	}
	k.pool.Give(s)
}
