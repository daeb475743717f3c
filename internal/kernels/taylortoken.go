package kernels

import "goomtrain/internal/simd"

// tokenHeads is the number of heads of which one token's features are computed together: a row of them
// is a cache line.
const tokenHeads = 16

// forwardToken computes heads lo..hi-1 of all sequences for one token. A vector has too few features of
// one kind to be computed fast; those of several heads lie side by side.
func (k *Taylor[F]) forwardToken(lo, hi int) {
	s := k.pool.take()
	m, n := s.token, hi-lo
	for j := range n {
		b, h := (lo+j)/k.Heads, (lo+j)%k.Heads
		for i, x := range k.q.at(b, 0, 1, h, k.DKey)[:k.DKey] {
			m.scaled[i*m.stride+j] = x * k.features.scale[1]
		}
	}
	k.features.spread(m, n)
	k.features.group(m, n, k.features.groups[0])
	for j := range n {
		p := k.begin(s, lo+j, k.carry)
		k.addKeysUnflushed(&p, 0, 1)
		if !k.Causal && p.fill == k.span {
			k.flush(&p)
		}
		k.oneQuery(&p, 0, m.phi[j:], m.stride)
		if k.Causal && p.fill == k.span && k.carry != nil {
			k.flush(&p)
		}
	}
	k.pool.give(s)
}

// oneQuery computes the output of the query at position from, whose features are phi, stride numbers
// apart.
func (k *Taylor[F]) oneQuery(p *taylorHead[F], from int, phi []F, stride int) {
	w, l := k.DValue+1, k.tile
	q, sums := k.q.at(p.b, from, k.Queries, p.h, k.DKey)[:k.DKey], p.sums[:w]
	clear(sums)
	if p.stateful {
		simd.AddWeighted(sums, phi, p.state, k.features.Len(), stride, w)
	}
	if p.fill > 0 {
		scaled, scores := p.queryRows[:k.DKey], p.weights[:p.fill]
		simd.Scale(scaled, k.features.scale[1], q)
		clear(scores)
		simd.AddWeighted(scores, scaled, p.keys, k.DKey, 1, l)
		simd.Polynomial(scores, nil, scores, k.series)
		simd.AddWeighted(sums, scores, p.values, p.fill, 1, w)
	}
	inverse := k.invert(sums[k.DValue], from)
	k.inverse[p.task*k.Queries+from] = inverse
	at := ((p.b*k.Queries+from)*k.Heads + p.h) * k.DValue
	simd.Scale(k.y[at:at+k.DValue], inverse, sums[:k.DValue])
}
