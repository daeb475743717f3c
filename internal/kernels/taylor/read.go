package taylor

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// load loads n queries from position from on, scaled.
func (k *Kernel[F]) load(p *head[F], from, n int) {
	q, scale := k.q.From(p.b, from, k.Queries, p.h), k.scale
	m := p.queries
	for i := range k.DKey {
		dst := m.scaled[i*m.stride:][:n]
		for t := range dst {
			dst[t] = q[t*k.q.Stride+i] * scale
		}
	}
	if p.stateful {
		k.features.spread(m, n)
	}
}

// readState writes to sums [W, n] what loaded queries read from the state.
func (k *Kernel[F]) readState(p *head[F], n int) {
	w, l := k.DValue+1, k.tile
	if !p.stateful {
		for i := range w {
			clear(p.sums[i*l:][:n])
		}
		return
	}
	for _, g := range k.features.groups {
		k.features.group(p.queries, n, g)
		var keep F = 1
		if g.lo == 0 {
			keep = 0
		}
		matmul.Serial(true, false, w, n, g.hi-g.lo, 1, p.state[g.lo*w:], w, p.queries.phi[g.row*l:], l, keep, p.sums, l)
	}
}

// readTile adds to sums what n queries, the last of the span if causal, read from a tile of the span.
func (k *Kernel[F]) readTile(p *head[F], tile, n int) {
	l, w := k.tile, k.DValue+1
	width := min(l, p.fill-tile*l)
	matmul.Serial(true, false, width, n, k.DKey, 1, p.keys[tile*k.DKey*l:], l, p.queries.scaled, p.queries.stride, 0, p.weights, l)
	if n == l {
		simd.Polynomial(p.weights[:width*l], nil, p.weights[:width*l], k.series)
	}
	for r := range width {
		row := p.weights[r*l : r*l+n]
		if n < l {
			simd.Polynomial(row, nil, row, k.series)
		}
		clear(row[:k.hidden(p, tile*l+r, n)])
	}
	matmul.Serial(false, false, w, n, width, 1, p.values[tile*w*l:], l, p.weights, l, 1, p.sums, l)
}

// hidden returns how many of the last n queries of the span do not see key j of the span.
func (k *Kernel[F]) hidden(p *head[F], j, n int) int {
	if !k.Causal {
		return 0
	}
	return min(n, max(0, j-(p.fill-n)))
}

// finish divides the sums of n queries by their sums of weights, and writes y.
func (k *Kernel[F]) finish(p *head[F], from, n int) {
	l, stride := k.tile, k.Heads*k.DValue
	inverse := k.inverse[p.task*k.Queries+from:][:n]
	for t, z := range p.sums[k.DValue*l:][:n] {
		inverse[t] = k.invert(z, from+t)
	}
	y := k.y[(p.b*k.Queries+from)*stride+p.h*k.DValue:]
	for i := range k.DValue {
		for t, x := range p.sums[i*l:][:n] {
			y[t*stride+i] = x * inverse[t]
		}
	}
}

// invert returns 1/z, or 0 if z, the sum of the weights of query t, is within rounding of zero.
func (k *Kernel[F]) invert(z F, t int) F {
	seen := k.started + k.Keys
	if k.Causal {
		seen = k.started + t + 1
	}
	if limit := F(seen) * 16 * epsilon[F](); z <= limit && z >= -limit {
		return 0
	}
	return 1 / z
}
