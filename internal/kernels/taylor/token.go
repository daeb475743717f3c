package taylor

import (
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// tokenPiece is the work that is worth another core, in the units of Costs. It takes about 3 microseconds;
// to hand it over to a core that is looking for work takes about 1.
const tokenPiece = 1 << 16

// tokenGrain returns how many heads of one token make a tokenPiece.
func tokenGrain(size multihead.Size, terms int) int {
	return 1 + int(tokenPiece/(Cost(size, terms).Token+4000)) // 4000: what a head takes whatever its size
}

// forwardOne computes one token. Every worker gets one stretch of heads, mostly the same one as for the
// token before, whose memory is in its cache; for the same reason every stretch has its own scratch memory.
func (k *Kernel[F]) forwardOne() {
	workers := max(1, min(simd.Threads(), k.Tasks()/k.grain))
	k.stretch = simd.Pieces(k.Tasks(), workers)
	for len(k.tokenScratch)*k.stretch < k.Tasks() {
		k.tokenScratch = append(k.tokenScratch, k.newScratch())
	}
	simd.ForRange(k.Tasks(), k.stretch, k.tokens)
}

// forwardToken computes heads lo..hi-1 of all sequences for one token.
func (k *Kernel[F]) forwardToken(lo, hi int) {
	s := k.tokenScratch[lo/k.stretch]
	for task := lo; task < hi; task++ {
		p := head[F]{scratch: s, task: task, b: task / k.Heads, h: task % k.Heads, keys: s.keys, values: s.values, token: true}
		if k.carry != nil {
			p.state, p.keys, p.values = k.carry.head(task)
			p.fill, p.stateful = k.started%k.span, k.started >= k.span
		}
		k.addKeysUnflushed(&p, 0, 1)
		if full := p.fill == k.span && k.carry != nil; k.Causal {
			k.oneQuery(&p, 0)
			if full {
				k.flush(&p)
			}
		} else {
			if full {
				k.flush(&p)
			}
			k.oneQuery(&p, 0)
		}
	}
}

// oneQuery computes the output of the query at position from. It is products of vectors and matrices, as
// fast as the memory that they read.
func (k *Kernel[F]) oneQuery(p *head[F], from int) {
	l, one := k.tile, p.one
	q, sums := k.q.From(p.b, from, k.Queries, p.h)[:k.DKey], p.sums[:k.DValue+1]
	clear(sums)
	if p.stateful {
		k.features.single(one, q)
		if phi := one.phi[:k.features.Len()]; p.token {
			simd.DotRows(sums, phi, p.state, k.columns)
		} else {
			simd.AddWeighted(sums, phi, p.state, len(phi), 1, len(sums))
		}
	} else {
		k.features.scaleOne(one, q)
	}
	if p.fill > 0 {
		scores := p.weights[:p.fill]
		clear(scores)
		simd.AddWeighted(scores, one.scaled, p.keys, k.DKey, 1, l)
		simd.Polynomial(scores, nil, scores, k.series)
		simd.DotRows(sums, scores, p.values, l)
	}
	inverse := k.invert(sums[k.DValue], from)
	k.inverse[p.task*k.Queries+from] = inverse
	at := ((p.b*k.Queries+from)*k.Heads + p.h) * k.DValue
	for i, x := range sums[:k.DValue] { // too few numbers for a call of simd
		k.y[at+i] = x * inverse
	}
}
