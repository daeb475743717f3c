package taylor

import (
	"fmt"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Kernel is attention whose weights are P Taylor terms of those of softmax attention (arXiv 2602.00294):
//
//	s_tj = q_t . k_j / sqrt(K)    w_tj = sum over p < P of s_tj^p / p!    y_t = sum_j w_tj v_j / sum_j w_tj
//
// over all j, or over j <= t if causal. It is computed in one of three forms of this one function:
//
//	quadratic  tiles of scores and their polynomial: T^2 (K+V) multiplications
//	chunked    that inside a chunk of C positions; what came before is a state S [m, V+1], the sum of
//	           Phi(k_j) [v_j, 1]^T (see Features), so that w_tj summed over it is Phi(q_t) S:
//	           T C (K+V) + T m V multiplications, and memory that does not grow with T
//	one token  the chunked form for a sequence that goes on by one position: the state, and up to C keys
//	           and values that have not been added to it
//
// Cost says which is cheaper; with a carry it is always the chunked one.
//
// An even P has a highest degree that is odd, whose weights may be negative and sum to anything: where
// the sum of n weights is within rounding of zero, |z| <= 16 eps n, y is 0 and so are its gradients.
//
// Gradient, with z_t the sum of weights and w' the polynomial without its last term:
//
//	ds_tj = w'(s_tj) (dy_t . v_j - dy_t . y_t) / z_t    dv_j = sum_t w_tj dy_t / z_t
//	dq_t = sum_j ds_tj k_j / sqrt(K)    dk_j = sum_t ds_tj q_t / sqrt(K)
//
// and through the state with [dy_t, -dy_t . y_t] / z_t = dn_t: dPhi(q_t) = S dn_t, and from the adjoint
// R = sum of Phi(q_t) dn_t^T over the queries after the chunk, dPhi(k_j) = R [v_j, 1], dv_j = R^T Phi(k_j).
type Kernel[F simd.Float] struct {
	multihead.Size
	terms    int
	series   []F          // [P] 1/p!
	features *Features[F] // nil in the quadratic form
	columns  int          // M: row length of a carry's state, paddedColumns
	span     int          // C: positions between two additions to the state; of all keys if quadratic
	tile     int          // L: keys and queries that are scored together
	pool     workspace.Pool[scratch[F]]
	inverse  []F // [B, H, T] 1/z_t of the last Forward; 0 where it is degenerate
	started  int // positions before the last Forward
	start    *Carry[F]
	want     bool // gradients will be asked for

	carry             *Carry[F] // operands of the running call
	q, k, v           multihead.Rows[F]
	dq, dk, dv        multihead.Rows[F]
	y, dy             []F
	forward, backward func(task int)
	tokens            func(lo, hi int)
	grain, stretch    int           // heads of one token that a worker takes: at least, and now
	tokenScratch      []*scratch[F] // of each stretch
}

// scratch is the memory of one worker; L is the tile, W = V+1.
type scratch[F simd.Float] struct {
	keys, values    []F // tiles of the span: [K, L] and [W, L] each
	queries         *featureMemory[F]
	past            *featureMemory[F] // of keys
	one             *oneMemory[F]     // of one query
	state, adjoint  []F               // [m, W]
	sums            []F               // [W, L]
	weights, slopes []F               // [L, L], key by key
	dots            []F               // [L, L]
	grads, gradRows []F               // dn: [W, L] and [L, W]
	queryRows       []F               // [L, K]
}

// New returns the kernel in the form that Cost finds the cheaper one. If carried, Forward will
// be given carries.
func New[F simd.Float](size multihead.Size, terms int, carried bool) *Kernel[F] {
	size.Check("taylor")
	chunked := carried || Cost(size, terms).Chunked()
	return newForm[F](size, terms, chunked)
}

func newForm[F simd.Float](size multihead.Size, terms int, chunked bool) *Kernel[F] {
	if terms < 1 || terms > MaxTerms {
		panic(fmt.Sprintf("taylor: kernel with %d terms, want 1 to %d", terms, MaxTerms))
	}
	k := &Kernel[F]{Size: size, terms: terms, series: seriesOf[F](terms), tile: tileLength, span: size.Keys, inverse: make([]F, size.Tasks()*size.Queries)}
	if chunked {
		k.features = NewFeatures[F](size.DKey, terms)
		k.tile = chunkLength(k.features.Len())
		k.span = k.tile
		k.columns = paddedColumns(k.features.Len())
		k.grain = tokenGrain(size, terms)
	}
	k.pool.Create = k.newScratch
	k.forward, k.backward, k.tokens = k.forwardHead, k.backwardHead, k.forwardToken
	return k
}

// MaxTerms is the largest P.
const MaxTerms = 8

func (k *Kernel[F]) newScratch() *scratch[F] {
	w, l := k.DValue+1, k.tile
	tiles := simd.Pieces(k.span, l)
	s := &scratch[F]{
		keys: workspace.Make[F](tiles * k.DKey * l), values: workspace.Make[F](tiles * l * w),
		sums: workspace.Make[F](w * l), weights: workspace.Make[F](l * l), slopes: workspace.Make[F](l * l), dots: workspace.Make[F](l * l),
		grads: workspace.Make[F](w * l), gradRows: workspace.Make[F](l * w), queryRows: workspace.Make[F](l * k.DKey),
	}
	if k.features == nil { // only scaled vectors are needed: the features of degree 1
		s.queries = NewFeatures[F](k.DKey, 1).memory(l)
		return s
	}
	s.queries, s.past = k.features.memory(l), k.features.memory(l)
	s.one = k.features.oneMemory()
	s.state, s.adjoint = workspace.Make[F](k.features.Len()*w), workspace.Make[F](k.features.Len()*w)
	return s
}

// WantGradients must be called before the Forward of a Backward, if there is a carry: it keeps what the
// carry was.
func (k *Kernel[F]) WantGradients() { k.want = true }

// Forward writes y [B, T, H*V]. If carry is not nil the sequence goes on from it, and it receives the
// last state.
func (k *Kernel[F]) Forward(y []F, q, keys, values multihead.Rows[F], carry *Carry[F]) {
	k.started, k.carry = 0, carry
	if carry != nil {
		k.CheckCarry(carry)
		if carry.length[0] < 0 { // a restored state may say anything
			carry.Reset()
		}
		k.started = int(carry.length[0])
		if k.want {
			if k.start == nil {
				k.start = NewCarry[F](k.Batch, k.Heads, k.DKey, k.DValue, k.terms)
			}
			k.start.copy(carry)
		}
	}
	k.y, k.q, k.k, k.v = y, q, keys, values
	if k.Queries == 1 && k.Keys == 1 && k.features != nil {
		k.forwardOne()
	} else {
		k.run(k.forward)
	}
	if carry != nil {
		carry.length[0] += int64(k.Keys)
	}
}

// run shares the heads out.
func (k *Kernel[F]) run(body func(task int)) {
	k.pool.For(k.Tasks(), body)
}

// head is the place of one worker in one head: the span of keys that have not been added to the
// state, and the state.
type head[F simd.Float] struct {
	*scratch[F]
	task, b, h   int
	keys, values []F // the span: the scratch's or the carry's
	state        []F // [m, W], the scratch's; for one token [W, M], the carry's
	fill         int // positions in the span
	base         int // position of this run that is the first of the span; negative: of an earlier run
	stateful     bool
	flushed      bool // something has been added to the state
	token        bool
}

// begin goes to the beginning of a head, with the carry of the running call or a copy of it.
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

// enter makes p one that goes on from a state [W, M] after the positions started.
func (k *Kernel[F]) enter(p *head[F], state []F) {
	p.fill = k.started % k.span
	p.base = -p.fill
	if p.stateful = k.started >= k.span; p.stateful {
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
		if n == 1 && k.features != nil {
			k.oneQuery(&p, from)
		} else {
			k.load(&p, from, n)
			k.readState(&p, n)
			for tile := 0; tile*k.tile < p.fill; tile++ {
				k.readTile(&p, tile, n)
			}
			k.finish(&p, from, n)
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

// addKeys puts n keys and values, from position from on, into the span, and adds the span to the state
// when it is full and more keys or a carry follow. It returns n.
func (k *Kernel[F]) addKeys(p *head[F], from, n int) int {
	k.addKeysUnflushed(p, from, n)
	if p.fill == k.span && k.features != nil {
		k.flush(p)
	}
	return n
}

// addKeysUnflushed is addKeys that leaves a full span.
func (k *Kernel[F]) addKeysUnflushed(p *head[F], from, n int) int {
	l, w, scale := k.tile, k.DValue+1, p.queriesScale(k)
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

// queriesScale is K^(-1/4): of queries and of keys, together 1/sqrt(K).
func (p *head[F]) queriesScale(k *Kernel[F]) F {
	if k.features != nil {
		return k.features.scale[1]
	}
	return scaleOf[F](k.DKey)
}

// load takes n queries from position from on.
func (k *Kernel[F]) load(p *head[F], from, n int) {
	q, scale := k.q.From(p.b, from, k.Queries, p.h), p.queriesScale(k)
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
		simd.GemmSerial(true, false, w, n, g.hi-g.lo, 1, p.state[g.lo*w:], w, p.queries.phi[g.row*l:], l, keep, p.sums, l)
	}
}

// readTile adds to sums what n queries, the last of the span if causal, read from a tile of the span.
func (k *Kernel[F]) readTile(p *head[F], tile, n int) {
	l, w := k.tile, k.DValue+1
	width := min(l, p.fill-tile*l)
	simd.GemmSerial(true, false, width, n, k.DKey, 1, p.keys[tile*k.DKey*l:], l, p.queries.scaled, p.queries.stride, 0, p.weights, l)
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
	simd.GemmSerial(false, false, w, n, width, 1, p.values[tile*w*l:], l, p.weights, l, 1, p.sums, l)
}

// hidden is the number of the n last queries of the span that do not see its key j.
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

// invert is 1/z, 0 where the sum z of the weights of query t is within rounding of zero.
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

// flush adds the span, which is one tile, to the state, and empties it.
func (k *Kernel[F]) flush(p *head[F]) {
	w, l := k.DValue+1, k.tile
	n := p.fill
	k.loadPast(p, n)
	for _, g := range k.features.groups {
		k.features.group(p.past, n, g)
		phi := p.past.phi[g.row*l:]
		if p.token {
			simd.GemmSerial(false, true, w, g.hi-g.lo, n, 1, p.values, l, phi, l, 1, p.state[g.lo:], k.columns)
		} else {
			simd.GemmSerial(false, true, g.hi-g.lo, w, n, 1, phi, l, p.values, l, 1, p.state[g.lo*w:], w)
		}
	}
	p.base += n
	p.fill, p.stateful, p.flushed = 0, true, true
}

// loadPast takes the n keys of the span as vectors whose features are wanted.
func (k *Kernel[F]) loadPast(p *head[F], n int) {
	for i := range k.DKey {
		copy(p.past.scaled[i*k.tile:][:n], p.keys[i*k.tile:][:n])
	}
	k.features.spread(p.past, n)
}
