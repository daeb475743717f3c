package taylor

import (
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Backward writes dq, dk and dv of the last Forward, whose operands it is given again. What the carry
// held before is detached.
func (k *Kernel[F]) Backward(dq, dk, dv, q, keys, values multihead.Rows[F], y, dy []F) {
	k.BackwardPart(dq, dk, dv, q, keys, values, y, dy, nil)
}

// BackwardPart is Backward, where last [B, H, m, V+1] is the gradient of the last state of a part (see NewPart); nil stands
// for zeros.
func (k *Kernel[F]) BackwardPart(dq, dk, dv, q, keys, values multihead.Rows[F], y, dy, last []F) {
	k.dq, k.dk, k.dv, k.q, k.k, k.v, k.y, k.dy, k.last = dq, dk, dv, q, keys, values, y, dy, last
	k.run(k.backward)
}

// backwardHead computes the gradients of one head of one sequence. It goes forward in time for those of the
// queries and of all that is scored inside a span, with the states that Forward had; then backward in time
// for those of the keys and values in the state, with the adjoint of the state.
func (k *Kernel[F]) backwardHead(task int) {
	s := k.pool.Take()
	p := k.begin(s, task, nil)
	k.resume(&p)
	dk, dv := k.dk.From(p.b, 0, k.Keys, p.h), k.dv.From(p.b, 0, k.Keys, p.h)
	for t := range k.Keys {
		clear(dk[t*k.dk.Stride : t*k.dk.Stride+k.DKey])
		clear(dv[t*k.dv.Stride : t*k.dv.Stride+k.DValue])
	}
	if !k.Causal {
		for from := 0; from < k.Keys; {
			from += k.addKeys(&p, from, min(k.span-p.fill, k.Keys-from))
		}
		clear(p.adjoint)
	}
	for from := 0; from < k.Queries; {
		n := min(k.tile, k.Queries-from)
		if k.Causal {
			n = k.addKeysUnflushed(&p, from, min(n, k.span-p.fill))
		}
		k.differentiateQueries(&p, from, n)
		if !k.Causal && p.stateful {
			k.addAdjoint(&p, n)
		}
		from += n
		if k.Causal && p.fill == k.span && from < k.Queries {
			k.flush(&p)
		}
	}
	if p.stateful || k.last != nil {
		k.reverse(&p)
	}
	k.pool.Give(s)
}

// resume puts into p what the carry held before the last Forward.
func (k *Kernel[F]) resume(p *head[F]) {
	if k.carry == nil {
		return
	}
	if !k.want {
		panic("taylor: kernel.Backward after a Forward with a carry, without WantGradients before it")
	}
	state, keys, values := k.start.head(p.task)
	copy(p.keys, keys)
	copy(p.values, values)
	k.enter(p, state)
}

// differentiateQueries writes dq of n queries from position from on, and adds to dk and dv what they
// give inside the span. It leaves dn in grads and gradRows, and the queries' features below the highest
// degree.
func (k *Kernel[F]) differentiateQueries(p *head[F], from, n int) {
	w, l := k.DValue+1, k.tile
	k.load(p, from, n)
	k.loadGrads(p, from, n)
	m := p.queries
	for i := range (len(m.dscaled)) / m.stride {
		clear(m.dscaled[i*m.stride:][:n])
	}
	scale := k.scale
	q := k.q.From(p.b, from, k.Queries, p.h)
	for t := range n {
		simd.Scale(p.queryRows[t*k.DKey:(t+1)*k.DKey], scale, q[t*k.q.Stride:t*k.q.Stride+k.DKey])
	}
	if p.stateful {
		k.features.group(m, n, k.features.groups[0])
		k.features.backward(m, n, func(g featureGroup) {
			matmul.Serial(false, false, g.hi-g.lo, n, w, 1, p.state[g.lo*w:], w, p.grads, l, 0, m.dphi[g.row*l:], l)
		})
	}
	for tile := 0; tile*l < p.fill; tile++ {
		k.differentiateTile(p, tile, n)
	}
	dq := k.dq.From(p.b, from, k.Queries, p.h)
	for t := range n {
		clear(dq[t*k.dq.Stride : t*k.dq.Stride+k.DKey])
	}
	if k.features != nil {
		k.features.unload(m, n, dq, k.dq.Stride)
		return
	}
	for i := range k.DKey {
		for t, x := range m.dscaled[i*m.stride:][:n] {
			dq[t*k.dq.Stride+i] = x * scale
		}
	}
}

// loadGrads makes dn_t = [dy_t, -dy_t . y_t] / z_t of n positions from position from on.
func (k *Kernel[F]) loadGrads(p *head[F], from, n int) {
	w, l, stride := k.DValue+1, k.tile, k.Heads*k.DValue
	at := (p.b*k.Queries+from)*stride + p.h*k.DValue
	for t, inverse := range k.inverse[p.task*k.Queries+from:][:n] {
		row := p.gradRows[t*w : (t+1)*w]
		g := k.dy[at+t*stride:][:k.DValue]
		if inverse == 0 { // y is the constant 0
			clear(row)
		} else {
			simd.Scale(row[:k.DValue], inverse, g)
			row[k.DValue] = -inverse * simd.Dot(g, k.y[at+t*stride:][:k.DValue])
		}
		for i, x := range row {
			p.grads[i*l+t] = x
		}
	}
}

// differentiateTile adds what n queries, the last of the span if causal, give to dscaled, and to dk and
// dv of a tile of the span.
func (k *Kernel[F]) differentiateTile(p *head[F], tile, n int) {
	l, w, m := k.tile, k.DValue+1, p.queries
	width := min(l, p.fill-tile*l)
	keys, values := p.keys[tile*k.DKey*l:], p.values[tile*w*l:]
	matmul.Serial(true, false, width, n, k.DKey, 1, keys, l, m.scaled, m.stride, 0, p.slopes, l)
	matmul.Serial(true, false, width, n, w, 1, values, l, p.grads, l, 0, p.dots, l)
	if n == l {
		all := width * l
		simd.Polynomial(p.weights[:all], p.slopes[:all], p.slopes[:all], k.series)
		simd.Mul(p.slopes[:all], p.slopes[:all], p.dots[:all])
	}
	for r := range width {
		weight, slope := p.weights[r*l:r*l+n], p.slopes[r*l:r*l+n]
		if n < l {
			simd.Polynomial(weight, slope, slope, k.series)
			simd.Mul(slope, slope, p.dots[r*l:r*l+n])
		}
		hidden := k.hidden(p, tile*l+r, n)
		clear(weight[:hidden])
		clear(slope[:hidden])
	}
	matmul.Serial(false, false, k.DKey, n, width, 1, keys, l, p.slopes, l, 1, m.dscaled, m.stride)
	at := p.base + tile*l
	fresh := max(0, -at) // keys of an earlier run come first
	if fresh >= width {
		return
	}
	dk, dv := k.dk.From(p.b, at+fresh, k.Keys, p.h), k.dv.From(p.b, at+fresh, k.Keys, p.h)
	matmul.Serial(false, false, width-fresh, k.DKey, n, k.scale, p.slopes[fresh*l:], l, p.queryRows, k.DKey, 1, dk, k.dk.Stride)
	matmul.Serial(false, false, width-fresh, k.DValue, n, 1, p.weights[fresh*l:], l, p.gradRows, w, 1, dv, k.dv.Stride)
}

// addAdjoint adds to the adjoint of the state what n queries give. Their features below the highest degree
// and their dn must be in p.
func (k *Kernel[F]) addAdjoint(p *head[F], n int) {
	w, l := k.DValue+1, k.tile
	for _, g := range k.features.groups {
		k.features.group(p.queries, n, g)
		matmul.Serial(false, false, g.hi-g.lo, w, n, 1, p.queries.phi[g.row*l:], l, p.gradRows, w, 1, p.adjoint[g.lo*w:], w)
	}
}

// reverse adds to dk and dv what queries give through the state, span by span from the last one that was
// added to the state back to the first one of this run, and what later parts give.
func (k *Kernel[F]) reverse(p *head[F]) {
	if k.Causal {
		clear(p.adjoint)
	}
	if k.last != nil {
		copy(p.adjoint, k.last[p.task*len(p.adjoint):])
		k.differentiateKeys(p, p.base, k.Keys)
	}
	to := k.Keys // end of the next span, whose queries read a state that has this span
	for end := p.base; end > 0; end -= k.span {
		if k.Causal {
			for from := end; from < to; from += k.tile {
				n := min(k.tile, to-from)
				k.load(p, from, n)
				k.loadGrads(p, from, n)
				k.addAdjoint(p, n)
			}
		}
		k.differentiateKeys(p, max(0, end-k.span), end)
		to = end
	}
}

// differentiateKeys adds to dk and dv of keys lo to hi what the adjoint R of the state gives.
func (k *Kernel[F]) differentiateKeys(p *head[F], lo, hi int) {
	w, l, n := k.DValue+1, k.tile, hi-lo
	p.fill = 0
	k.addKeysUnflushed(p, lo, n)
	k.loadPast(p, n)
	m := p.past
	for i := range len(m.dscaled) / m.stride {
		clear(m.dscaled[i*m.stride:][:n])
	}
	dk, dv := k.dk.From(p.b, lo, k.Keys, p.h), k.dv.From(p.b, lo, k.Keys, p.h)
	k.features.group(m, n, k.features.groups[0])
	k.features.backward(m, n, func(g featureGroup) {
		if g.lo > 0 {
			k.features.group(m, n, g)
		}
		r := p.adjoint[g.lo*w:]
		matmul.Serial(true, false, n, k.DValue, g.hi-g.lo, 1, m.phi[g.row*l:], l, r, w, 1, dv, k.dv.Stride)
		matmul.Serial(false, false, g.hi-g.lo, n, w, 1, r, w, p.values, l, 0, m.dphi[g.row*l:], l)
	})
	k.features.unload(m, n, dk, k.dk.Stride)
}
