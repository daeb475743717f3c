package taylor

import (
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// head is where a worker is in one head of one sequence: the state, and the span of keys that have not been
// added to it.
type head[F simd.Float] struct {
	*scratch[F]
	task, b, h   int
	keys, values []F  // the span: memory of the scratch or of the carry
	state        []F  // [m, W], of the scratch; for one token [W, M], of the carry
	fill         int  // positions in the span
	base         int  // position of this run that is first in the span; negative if it is of an earlier run
	stateful     bool // the state has keys
	flushed      bool // something has been added to the state
	token        bool // one token: the state is that of the carry
}

// begin returns the beginning of a head that continues from carry, or of a new one if carry is nil.
func (k *Kernel[F]) begin(s *scratch[F], task int, carry *Carry[F]) head[F] {
	p := head[F]{scratch: s, task: task, b: task / k.Heads, h: task % k.Heads, keys: s.keys, values: s.values, state: s.state}
	if carry == nil {
		clear(p.state)
		return p
	}
	var state []F
	state, p.keys, p.values = carry.head(task)
	k.enter(&p, state)
	return p
}

// enter makes p continue from the state [W, M] after k.started positions.
func (k *Kernel[F]) enter(p *head[F], state []F) {
	p.fill, p.stateful = k.started%k.span, k.started >= k.span
	if k.part {
		p.fill, p.stateful = 0, k.started > 0
	}
	p.base = -p.fill
	if p.stateful {
		transpose(p.state, state, k.DValue+1, k.features.Len(), k.DValue+1, k.columns)
	} else {
		clear(p.state)
	}
}

// forwardHead computes one head of one sequence.
func (k *Kernel[F]) forwardHead(task int) {
	s := k.pool.Take()
	p := k.begin(s, task, k.carry)
	if !k.Causal {
		for from := 0; from < k.Keys; {
			from += k.addKeys(&p, from, min(k.span-p.fill, k.Keys-from))
		}
	}
	for from := 0; from < k.Queries; {
		n := min(k.tile, k.Queries-from)
		if k.Causal {
			n = k.addKeysUnflushed(&p, from, min(n, k.span-p.fill))
		}
		k.attend(&p, from, n)
		if n > 1 && multihead.MayLeak(k.Size, k.y, task, from) {
			fill := p.fill
			for r := range n {
				p.fill = fill - n + r + 1
				k.attend(&p, from+r, 1)
			}
		}
		from += n
		if k.Causal && p.fill == k.span && (from < k.Queries || k.carry != nil) {
			k.flush(&p)
		}
	}
	if p.flushed && k.carry != nil {
		state, _, _ := k.carry.head(task)
		transpose(state, p.state, k.features.Len(), k.DValue+1, k.columns, k.DValue+1)
	}
	k.pool.Give(s)
}

// attend writes y of n queries from position from on, the last of the span if causal.
func (k *Kernel[F]) attend(p *head[F], from, n int) {
	if n == 1 && k.features != nil {
		k.oneQuery(p, from)
		return
	}
	k.load(p, from, n)
	k.readState(p, n)
	for tile := 0; tile*k.tile < p.fill; tile++ {
		k.readTile(p, tile, n)
	}
	k.finish(p, from, n)
}

// addKeys puts n keys and values, from position from on, into the span, and adds a full span to the state
// in the chunked form. It returns n.
func (k *Kernel[F]) addKeys(p *head[F], from, n int) int {
	k.addKeysUnflushed(p, from, n)
	if p.fill == k.span && k.features != nil {
		k.flush(p)
	}
	return n
}

// addKeysUnflushed is addKeys that leaves a full span as it is.
func (k *Kernel[F]) addKeysUnflushed(p *head[F], from, n int) int {
	l, w, scale := k.tile, k.DValue+1, k.scale
	src, values := k.k.From(p.b, from, k.Keys, p.h), k.v.From(p.b, from, k.Keys, p.h)
	for t := range n {
		tile, at := (p.fill+t)/l, (p.fill+t)%l
		column, into := p.keys[tile*k.DKey*l+at:], p.values[tile*w*l+at:]
		for i, x := range src[t*k.k.Stride : t*k.k.Stride+k.DKey] {
			column[i*l] = x * scale
		}
		for i, x := range values[t*k.v.Stride : t*k.v.Stride+k.DValue] {
			into[i*l] = x
		}
		into[k.DValue*l] = 1
	}
	p.fill += n
	return n
}

// flush adds the span, which in the chunked form is one tile, to the state and empties it.
func (k *Kernel[F]) flush(p *head[F]) {
	w, l := k.DValue+1, k.tile
	n := p.fill
	k.loadPast(p, n)
	for _, g := range k.features.groups {
		k.features.group(p.past, n, g)
		phi := p.past.phi[g.row*l:]
		if p.token {
			matmul.Serial(false, true, w, g.hi-g.lo, n, 1, p.values, l, phi, l, 1, p.state[g.lo:], k.columns)
		} else {
			matmul.Serial(false, true, g.hi-g.lo, w, n, 1, phi, l, p.values, l, 1, p.state[g.lo*w:], w)
		}
	}
	p.base += n
	p.fill, p.stateful, p.flushed = 0, true, true
}

// loadPast loads the n keys of the span, so that their features can be computed.
func (k *Kernel[F]) loadPast(p *head[F], n int) {
	for i := range k.DKey {
		copy(p.past.scaled[i*k.tile:][:n], p.keys[i*k.tile:][:n])
	}
	k.features.spread(p.past, n)
}
