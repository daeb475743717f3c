package gla

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// keyTask is the gradient of some key channels of one head: columns k0 to k1 of the transposed state [V, K].
type keyTask[F simd.Float] struct {
	*Kernel[F]
	s              *scratch[F]
	b, h           int
	part, k0, k1   int
	state, adjoint []F // [V, k1-k0]
	factors, last  []F // see scratch
}

// keyGradients computes dq, dk and dg of some key channels of one head, and their part of dStart.
func (k *Kernel[F]) keyGradients(b, h, i int) {
	s := k.pool.Take()
	k0, k1 := part(i, k.keyParts, k.DKey)
	n := (k1 - k0) * k.DValue
	p := keyTask[F]{Kernel: k, s: s, b: b, h: h, part: i, k0: k0, k1: k1, state: s.state[:n], adjoint: s.adjoint[:n],
		factors: s.factors[:k1-k0], last: k.decayOf(s.last, k0, k1)}
	p.queries()
	p.adjoints()
	k.pool.Give(s)
}

// columns returns the number of key channels.
func (p *keyTask[F]) columns() int { return p.k1 - p.k0 }

// transposed sets dst [V, k1-k0] to rows of the state of the head in x, or to zeros if x is nil.
func (p *keyTask[F]) transposed(dst, x []F) {
	if x == nil {
		clear(dst)
		return
	}
	state := p.headState(x, p.b, p.h)
	for c := range p.columns() {
		for j, v := range state[(p.k0+c)*p.DValue:][:p.DValue] {
			dst[j*p.columns()+c] = v
		}
	}
}

// of returns the key channels of an operand [B, T, H, K] from token t on, values those of one [B, T, H, V].
func (p *keyTask[F]) of(x []F, t int) simd.Steps[F] {
	return rows(p.Size, x, p.DKey, p.b, t, p.h, p.k0)
}

func (p *keyTask[F]) values(x []F, t int) simd.Steps[F] {
	return rows(p.Size, x, p.DValue, p.b, t, p.h, 0)
}

// multiply multiplies a state, or its adjoint, by the factors of its columns.
func (p *keyTask[F]) multiply(state []F) {
	simd.MulRows(state, state, p.factors, p.DValue, p.columns())
}

// queries takes the state forward in time for dq. It leaves the last state, and in starts the state at the beginning
// of every stretch, after the decays of the first token.
func (p *keyTask[F]) queries() {
	if p.Decay != Fixed {
		p.s.starts = workspace.Grow(p.s.starts, simd.Pieces(p.Time, stretchTokens)*p.DKey*p.DValue)
	}
	p.transposed(p.state, p.start)
	fill(p.last, 1)
	for t := 0; t < p.Time; t += stretchTokens {
		d, keys := p.stretchAt(p.b, p.h, t), p.plainKeys(t)
		for i := range d.blocks[1:] {
			enter(p.factors, p.last, d.firstOf(i, p.k0, p.k1))
			p.multiply(p.state)
			if i == 0 && p.Decay != Fixed {
				copy(p.stretchStart(t), p.state)
			}
			p.blockForward(p.of(p.dq, t), keys, t, i)
			copy(p.last, d.lastOf(i, p.k0, p.k1))
		}
		d.apply(p.of(p.dq, t), p.of(p.dq, t), d.c, F(p.scale()), 0, d.tokens, p.k0, p.k1)
	}
	spread(p.factors, p.last)
	p.multiply(p.state)
}

// stretchStart returns the place of the state at the beginning of the stretch from token t on.
func (p *keyTask[F]) stretchStart(t int) []F {
	return p.s.starts[t/stretchTokens*len(p.state):][:len(p.state)]
}

// plainKeys returns the keys of the stretch from token t on without decays.
func (p *keyTask[F]) plainKeys(t int) simd.Steps[F] {
	d, keys := p.stretchAt(p.b, p.h, t), simd.Steps[F]{Data: p.s.k, Stride: p.columns()}
	d.apply(keys, p.of(p.k, t), d.back, 1, 0, d.tokens, p.k0, p.k1)
	return keys
}

// blockForward takes the state through block i of the stretch from token t on. Rows of dq and keys are those of the
// stretch.
func (p *keyTask[F]) blockForward(dq, keys simd.Steps[F], t, i int) {
	blocks := p.stretchAt(p.b, p.h, t).blocks
	at, n := blocks[i], blocks[i+1]-blocks[i]
	simd.LinearSteps(p.state, from(dq, at), p.values(p.do, t+at), p.values(p.v, t+at), from(keys, at), n, p.DValue, p.columns(), false)
}
