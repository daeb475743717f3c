package softmax

import (
	"fmt"
	"math"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Kernel is the fast form, of one size.
type Kernel[F simd.Float] struct {
	multihead.Size
	window  int       // keys that a query sees, see NewWindow; 0: all
	want    bool      // see WantGradients
	group   int       // queries that are scored together, at most queryTile
	scale   F         // 1/sqrt(K)
	own     *Cache[F] // for a Forward without a cache
	pool    workspace.Pool[scratch[F]]
	logsum  []F // [B, H, T] ln sum_j exp(s_tj) of the last Forward
	started int // positions that were in the cache before the last Forward
	before  int // keys before that of the first query, see Begin

	cache             *Cache[F] // operands of the running call
	q, k, v           multihead.Rows[F]
	dq, dk, dv        multihead.Rows[F]
	y, dy             []F
	forward, backward func(task int)
	forwardRing       func(task int)
}

// queryTile is the number of queries that are scored together, fewer with a short window.
const queryTile = 64

// scratch is the memory of one worker; N = queryTile, L = keyTile.
type scratch[F simd.Float] struct {
	queries, grads []F // [N, K+1], [N, V+1]
	scores, dots   []F // [N, L]
	sums           []F // [N, V]
	largest, total []F // [N]
}

// New returns the kernel.
func New[F simd.Float](size multihead.Size) *Kernel[F] {
	size.Check("softmax")
	k := &Kernel[F]{Size: size, group: queryTile, scale: F(1 / math.Sqrt(float64(size.DKey))), logsum: make([]F, size.Tasks()*size.Queries)}
	k.pool.Create = func() *scratch[F] {
		return &scratch[F]{
			queries: workspace.Make[F](queryTile * (k.DKey + 1)), grads: workspace.Make[F](queryTile * (k.DValue + 1)),
			scores: workspace.Make[F](queryTile * keyTile), dots: workspace.Make[F](queryTile * keyTile),
			sums: workspace.Make[F](queryTile * k.DValue), largest: workspace.Make[F](queryTile), total: workspace.Make[F](queryTile),
		}
	}
	k.forward, k.backward, k.forwardRing = k.forwardHead, k.backwardHead, k.forwardHeadOfRing
	return k
}

// Resize makes it the kernel of batch sequences of length queries and as many keys, at most as many as New was given.
func (k *Kernel[F]) Resize(batch, length int) { k.Batch, k.Queries, k.Keys = batch, length, length }

// Begin makes the queries of a causal kernel those of the last positions of longer sequences, which have before positions
// before them: the keys and values have these too.
func (k *Kernel[F]) Begin(before int) { k.before, k.Keys = before, before+k.Queries }

// Forward writes y [B, Tq, H*V]. If cache is not nil the keys and values are added to it, and queries look
// at all that it holds: the sequence continues.
func (k *Kernel[F]) Forward(y []F, q, keys, values multihead.Rows[F], cache *Cache[F]) {
	if cache == nil {
		cache = k.empty()
	} else if cache.batch != k.Batch || cache.heads != k.Heads || cache.keys != k.DKey || cache.values != k.DValue {
		panic(fmt.Sprintf("softmax: kernel of size %+v with a cache of B=%d H=%d K=%d V=%d", k.Size, cache.batch, cache.heads, cache.keys, cache.values))
	}
	k.run(y, q, keys, values, cache, k.forward)
}

// empty returns the kernel's own cache, empty.
func (k *Kernel[F]) empty() *Cache[F] {
	if k.own == nil {
		k.own = NewCache[F](k.Batch, k.Heads, k.DKey, k.DValue)
	}
	k.own.batch = k.Batch
	k.own.Reset()
	return k.own
}

// run extends the cache and calls forward for every head.
func (k *Kernel[F]) run(y []F, q, keys, values multihead.Rows[F], cache *Cache[F], forward func(task int)) {
	k.started = cache.Len()
	cache.extend(k.Keys)
	k.cache, k.y, k.q, k.k, k.v = cache, y, q, keys, values
	k.pool.For(k.Tasks(), forward)
}

// forwardHead computes one head of one sequence.
func (k *Kernel[F]) forwardHead(task int) {
	k.put(task, 0, k.Keys)
	s := k.pool.Take()
	k.attendAll(s, task, 0, k.Queries)
	k.pool.Give(s)
}

// put adds n keys and values of one head, from position t of the operands on, to the cache.
func (k *Kernel[F]) put(task, t, n int) {
	b, h := task/k.Heads, task%k.Heads
	k.cache.put(task, k.started+t, n, k.k.From(b, t, k.Keys, h), k.k.Stride, k.v.From(b, t, k.Keys, h), k.v.Stride)
}

// attendAll writes y of queries lo to hi of one head.
func (k *Kernel[F]) attendAll(s *scratch[F], task, lo, hi int) {
	for from := lo; from < hi; from += k.group {
		n := min(k.group, hi-from)
		k.attend(s, task, from, n)
		if n > 1 && k.mayLeak(task, from, n) {
			for r := range n {
				k.attend(s, task, from+r, 1)
			}
		}
	}
}

// mayLeak reports whether values that they do not see may have reached the outputs of n queries from position from on.
// The first query does not see the values behind it, the last not those that leave the window.
func (k *Kernel[F]) mayLeak(task, from, n int) bool {
	return multihead.MayLeak(k.Size, k.y, task, from) || k.window > 0 && multihead.MayLeak(k.Size, k.y, task, from+n-1)
}

// attend writes y of n queries of one head from position from on.
func (k *Kernel[F]) attend(s *scratch[F], task, from, n int) {
	b, h := task/k.Heads, task%k.Heads
	q := k.q.From(b, from, k.Queries, h)
	for r := range n {
		simd.Scale(s.queries[r*k.DKey:(r+1)*k.DKey], k.scale, q[r*k.q.Stride:r*k.q.Stride+k.DKey])
	}
	fill(s.total[:n], unseen)
	for tile := k.first(from) / keyTile; tile*keyTile < k.visible(from+n-1); tile++ {
		k.addTile(s, task, tile, from, n)
	}
	for r := range n {
		at := (b*k.Queries+from+r)*k.Heads + h
		simd.Scale(k.y[at*k.DValue:(at+1)*k.DValue], 1/s.total[r], s.sums[r*k.DValue:(r+1)*k.DValue])
		k.logsum[task*k.Queries+from+r] = s.largest[r] + F(math.Log(float64(s.total[r])))
	}
}

// unseen is the total of a query that has seen no key yet.
const unseen = -1

// first returns the first key that query t looks at.
func (k *Kernel[F]) first(t int) int {
	if k.window > 0 {
		return max(0, k.started+k.before+t+1-k.window)
	}
	return 0
}

// visible returns the number of keys up to the last that query t looks at.
func (k *Kernel[F]) visible(t int) int {
	if k.Causal {
		return k.started + k.before + t + 1
	}
	return k.cache.Len()
}

// columns returns the columns lo to hi of a tile that one of n queries from position from on looks at, and whether it
// is the first such tile.
func (k *Kernel[F]) columns(tile, from, n int) (lo, hi int, begins bool) {
	at := tile * keyTile
	return max(0, k.first(from)-at), min(keyTile, k.visible(from+n-1)-at), tile == k.first(from)/keyTile
}

// seen returns which of the columns lo to hi of a tile query t looks at, counted from lo; none if b <= a.
func (k *Kernel[F]) seen(tile, t, lo, hi int) (a, b int) {
	at := tile*keyTile + lo
	return max(0, k.first(t)-at), max(0, min(hi-lo, k.visible(t)-at))
}

// addTile adds a tile of keys to the sums of n queries from position from on.
func (k *Kernel[F]) addTile(s *scratch[F], task, tile, from, n int) {
	keys, values := k.cache.tile(tile, task)
	lo, hi, begins := k.columns(tile, from, n)
	keys, values = keys[lo:], values[lo*(k.DValue+1):]
	width := hi - lo
	if n == 1 { // one token of a stream: products of a vector have less overhead
		clear(s.scores[:width])
		simd.AddWeighted(s.scores[:width], s.queries, keys, k.DKey, 1, keyTile)
	} else {
		matmul.Serial(false, false, n, width, k.DKey, 1, s.queries, k.DKey, keys, keyTile, 0, s.scores, keyTile)
	}
	for r := range n {
		row := s.scores[r*keyTile : r*keyTile+width]
		a, b := k.seen(tile, from+r, lo, hi)
		if b <= a { // the query sees nothing of this tile
			clear(row)
			continue
		}
		clear(row[:a])
		clear(row[b:])
		row = row[a:b]
		largest := simd.Max(row)
		switch {
		case s.total[r] == unseen:
			s.largest[r], s.total[r] = largest, 0
		case largest > s.largest[r] || largest != largest:
			c := F(math.Exp(float64(s.largest[r] - largest)))
			s.largest[r] = largest
			s.total[r] *= c
			simd.Scale(s.sums[r*k.DValue:(r+1)*k.DValue], c, s.sums[r*k.DValue:(r+1)*k.DValue])
		}
		s.total[r] += simd.ExpSum(row, row, s.largest[r])
	}
	if n == 1 {
		if begins {
			clear(s.sums[:k.DValue])
		}
		simd.AddWeighted(s.sums[:k.DValue], s.scores, values, width, 1, k.DValue+1)
		return
	}
	var keep F = 1
	if begins {
		keep = 0
	}
	matmul.Serial(false, false, n, k.DValue, width, 1, s.scores, keyTile, values, k.DValue+1, keep, s.sums, k.DValue)
}

// Backward writes dq, dk and dv of the last Forward, whose operands it is given again. What was in the
// cache before is detached.
func (k *Kernel[F]) Backward(dq, dk, dv, q, keys, values multihead.Rows[F], y, dy []F) {
	k.dq, k.dk, k.dv, k.q, k.k, k.v, k.y, k.dy = dq, dk, dv, q, keys, values, y, dy
	k.pool.For(k.Tasks(), k.backward)
}

// backwardHead computes the gradients of one head of one sequence.
func (k *Kernel[F]) backwardHead(task int) {
	b, h := task/k.Heads, task%k.Heads
	s := k.pool.Take()
	dk, dv := k.dk.From(b, 0, k.Keys, h), k.dv.From(b, 0, k.Keys, h)
	for t := range k.Keys {
		clear(dk[t*k.dk.Stride : t*k.dk.Stride+k.DKey])
		clear(dv[t*k.dv.Stride : t*k.dv.Stride+k.DValue])
	}
	kw, vw := k.DKey+1, k.DValue+1
	for from := 0; from < k.Queries; from += k.group {
		n := min(k.group, k.Queries-from)
		q := k.q.From(b, from, k.Queries, h)
		for r := range n {
			// The last row of the keys and the last column of the values are ones: with -logsum for them
			// a product gives ln p, with -D it gives dy.v - D.
			row := s.queries[r*kw : (r+1)*kw]
			simd.Scale(row[:k.DKey], k.scale, q[r*k.q.Stride:r*k.q.Stride+k.DKey])
			row[k.DKey] = -k.logsum[task*k.Queries+from+r]
			at := ((b*k.Queries+from+r)*k.Heads + h) * k.DValue
			g := s.grads[r*vw : (r+1)*vw]
			copy(g, k.dy[at:at+k.DValue])
			g[k.DValue] = -simd.Dot(g[:k.DValue], k.y[at:at+k.DValue])
		}
		dq := k.dq.From(b, from, k.Queries, h)
		for tile := k.first(from) / keyTile; tile*keyTile < k.visible(from+n-1); tile++ {
			k.differentiateTile(s, task, tile, from, n, dq, dk, dv)
		}
	}
	k.pool.Give(s)
}

// differentiateTile adds what a tile of keys gives to dq of n queries from position from on, and to dk
// and dv of the tile.
func (k *Kernel[F]) differentiateTile(s *scratch[F], task, tile, from, n int, dq, dk, dv []F) {
	keys, values := k.cache.tile(tile, task)
	lo, hi, begins := k.columns(tile, from, n)
	keys, values = keys[lo:], values[lo*(k.DValue+1):]
	first, width := tile*keyTile+lo, hi-lo
	kw, vw := k.DKey+1, k.DValue+1
	matmul.Serial(false, false, n, width, kw, 1, s.queries, kw, keys, keyTile, 0, s.scores, keyTile)
	matmul.Serial(false, true, n, width, vw, 1, s.grads, vw, values, vw, 0, s.dots, keyTile)
	for r := range n {
		p, ds := s.scores[r*keyTile:r*keyTile+width], s.dots[r*keyTile:r*keyTile+width]
		a, b := k.seen(tile, from+r, lo, hi)
		a = min(a, b)
		simd.Exp(p[a:b], p[a:b])
		simd.Mul(ds[a:b], ds[a:b], p[a:b])
		clear(p[:a])
		clear(ds[:a])
		clear(p[b:])
		clear(ds[b:])
	}
	var keep F = 1
	if begins {
		keep = 0
	}
	matmul.Serial(false, true, n, k.DKey, width, k.scale, s.dots, keyTile, keys, keyTile, keep, dq, k.dq.Stride)
	if fresh := max(0, k.started-first); fresh < width { // columns of keys that are not detached
		at := first + fresh - k.started
		matmul.Serial(true, false, width-fresh, k.DKey, n, 1, s.dots[fresh:], keyTile, s.queries, kw, 1, dk[at*k.dk.Stride:], k.dk.Stride)
		matmul.Serial(true, false, width-fresh, k.DValue, n, 1, s.scores[fresh:], keyTile, s.grads, vw, 1, dv[at*k.dv.Stride:], k.dv.Stride)
	}
}
