package gla

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// adjoints takes the adjoint of the state backward in time for dk and dg, after queries.
func (p *keyTask[F]) adjoints() {
	p.transposed(p.adjoint, p.dEnd)
	sum := p.s.sum[:p.columns()]
	clear(sum)
	if p.dEnd != nil {
		simd.AddProducts(sum, p.adjoint, p.state, p.DValue, p.columns(), p.columns())
	}
	fill(p.last, 1)
	for t := (p.Time - 1) / stretchTokens * stretchTokens; t >= 0; t -= stretchTokens {
		p.stretchBackward(t)
	}
	if p.dStart == nil {
		return
	}
	spread(p.factors, p.last)
	p.multiply(p.adjoint)
	to := p.headState(p.dStart, p.b, p.h)
	for c := range p.columns() {
		for j := range p.DValue {
			to[(p.k0+c)*p.DValue+j] = p.adjoint[j*p.columns()+c]
		}
	}
}

// stretchBackward takes the adjoint through the stretch from token t on. In last are the decays of the token behind it.
func (p *keyTask[F]) stretchBackward(t int) {
	d, w := p.stretchAt(p.b, p.h, t), p.columns()
	starts := p.blockStarts(t)
	q := simd.Steps[F]{Data: p.s.q, Stride: w}
	d.apply(q, p.of(p.q, t), d.c, F(p.scale()), 0, d.tokens, p.k0, p.k1)
	for i := len(d.blocks) - 2; i >= 0; i-- {
		enter(p.factors, d.lastOf(i, p.k0, p.k1), p.last)
		p.multiply(p.adjoint)
		at, n := d.blocks[i], d.blocks[i+1]-d.blocks[i]
		dk := p.of(p.dk, t+at)
		simd.LinearSteps(p.adjoint, dk, p.values(p.v, t+at), p.values(p.do, t+at), from(q, at), n, p.DValue, w, true)
		d.apply(dk, dk, d.back, 1, at, n, p.k0, p.k1)
		copy(p.last, d.firstOf(i, p.k0, p.k1))
		switch p.Decay {
		case PerChannel:
			p.decayGradients(p.of(p.dg, t+at), t+at, n, starts[i*len(p.state):])
		case PerHead:
			sums := simd.Steps[F]{Data: p.s.sums, Stride: w}
			p.decayGradients(sums, t+at, n, starts[i*len(p.state):])
			dg := rows(p.Size, p.partial[p.part*p.Batch*p.Time*p.Heads:], 1, p.b, t+at, p.h, 0)
			total := p.s.total[:n]
			clear(total)
			simd.DotRows(total, p.s.ones[:w], sums.Data, w)
			for j, g := range total {
				dg.Data[j*dg.Stride] = g
			}
		}
	}
}

// decayGradients writes dg of every key channel for the block of n tokens from t on. start is the state at its beginning.
func (p *keyTask[F]) decayGradients(dg simd.Steps[F], t, n int, start []F) {
	sum := p.s.sum[:p.columns()]
	if n > 1 {
		simd.DecaySums(sum, from(dg, 1), p.of(p.q, t+1), p.of(p.dq, t+1), p.of(p.k, t+1), p.of(p.dk, t+1), n-1)
	}
	clear(sum)
	simd.AddProducts(sum, p.adjoint, start[:len(p.state)], p.DValue, p.columns(), p.columns())
	copy(row(dg, 0, p.columns()), sum)
}

// blockStarts returns the states [V, k1-k0] at the beginning of every block of the stretch from token t on. If it has
// several, it computes them once more.
func (p *keyTask[F]) blockStarts(t int) []F {
	if p.Decay == Fixed {
		return nil
	}
	d, size := p.stretchAt(p.b, p.h, t), len(p.state)
	n := len(d.blocks) - 1
	if n == 1 {
		return p.stretchStart(t)
	}
	p.s.inner = workspace.Grow(p.s.inner, n*p.DKey*p.DValue)
	keys, dq := p.plainKeys(t), simd.Steps[F]{Data: p.s.q, Stride: p.columns()}
	copy(p.state, p.stretchStart(t))
	copy(p.s.inner, p.state)
	for i := range n - 1 {
		p.blockForward(dq, keys, t, i)
		enter(p.factors, d.lastOf(i, p.k0, p.k1), d.firstOf(i+1, p.k0, p.k1))
		p.multiply(p.state)
		copy(p.s.inner[(i+1)*size:], p.state)
	}
	return p.s.inner
}
