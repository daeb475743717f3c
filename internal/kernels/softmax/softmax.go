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
	dot     []F // [B, H, T] D_t of the last Backward
	started int // positions that were in the cache before the last Forward
	before  int // keys before that of the first query, see Begin

	cache       *Cache[F] // operands of the running call
	q, k, v     multihead.Rows[F]
	dq, dk, dv  multihead.Rows[F]
	y, dy       []F
	backward    func(task int)
	forward     func(lo, hi int) // tasks
	forwardRing func(lo, hi int)
}

// queryTile is the number of queries that are scored together, fewer with a short window.
const queryTile = 64

// scratch is the memory of one worker; N = queryTile, L = keyTile.
type scratch[F simd.Float] struct {
	query          []F // [K]
	scores, slopes []F // [N, L]
	sums           []F // [N, V]
	largest, total []F // [N]
	keys, values   []F // [L, K], [V, L]: a tile, transposed
}

// New returns the kernel.
func New[F simd.Float](size multihead.Size) *Kernel[F] {
	size.Check("softmax")
	k := &Kernel[F]{Size: size, group: queryTile, scale: F(1 / math.Sqrt(float64(size.DKey))), logsum: make([]F, size.Tasks()*size.Queries)}
	k.pool.Create = func() *scratch[F] {
		return &scratch[F]{
			query: workspace.Make[F](k.DKey), scores: workspace.Make[F](queryTile * keyTile), slopes: workspace.Make[F](queryTile * keyTile),
			sums: workspace.Make[F](queryTile * k.DValue), largest: workspace.Make[F](queryTile), total: workspace.Make[F](queryTile),
			keys: workspace.Make[F](keyTile * k.DKey), values: workspace.Make[F](k.DValue * keyTile),
		}
	}
	k.forward, k.backward, k.forwardRing = k.forwardHeads, k.backwardHead, k.forwardHeadsOfRing
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

// run extends the cache and calls forward for all heads: one at a time, but of one token as many as a worker gets, because
// they take only about a microsecond.
func (k *Kernel[F]) run(y []F, q, keys, values multihead.Rows[F], cache *Cache[F], forward func(lo, hi int)) {
	k.started = cache.Len()
	cache.extend(k.Keys)
	k.cache, k.y, k.q, k.k, k.v = cache, y, q, keys, values
	grain := 1
	if k.Queries == 1 {
		grain = simd.Pieces(k.Tasks(), simd.Threads())
	}
	k.pool.ForRange(k.Tasks(), grain, forward)
}

// forwardHeads computes heads of sequences.
func (k *Kernel[F]) forwardHeads(lo, hi int) {
	s := k.pool.Take()
	for task := lo; task < hi; task++ {
		k.put(task, 0, k.Keys)
		k.attendAll(s, task, 0, k.Queries)
	}
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
	fill(s.largest[:n], F(math.Inf(-1)))
	clear(s.total[:n])
	for tile := k.first(from) / keyTile; tile*keyTile < k.visible(from+n-1); tile++ {
		k.addTile(s, task, tile, from, n, q)
	}
	for r := range n {
		at := (b*k.Queries+from+r)*k.Heads + h
		simd.Scale(k.y[at*k.DValue:(at+1)*k.DValue], 1/s.total[r], s.sums[r*k.DValue:(r+1)*k.DValue])
		k.logsum[task*k.Queries+from+r] = s.largest[r] + F(math.Log(float64(s.total[r])))
	}
}

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

// addTile adds a tile of keys to the sums of n queries q from position from on.
func (k *Kernel[F]) addTile(s *scratch[F], task, tile, from, n int, q []F) {
	keys, values := k.cache.tile(tile, task)
	lo, hi, begins := k.columns(tile, from, n)
	keys, values = keys[lo:], values[lo*(k.DValue+1):]
	width := hi - lo
	if n == 1 { // one token of a stream: products of a vector have less overhead
		simd.Scale(s.query, k.scale, q[:k.DKey])
		clear(s.scores[:width])
		simd.AddWeighted(s.scores[:width], s.query, keys, k.DKey, 1, keyTile)
	} else {
		matmul.Serial(false, false, n, width, k.DKey, k.scale, q, k.q.Stride, keys, keyTile, 0, s.scores, keyTile)
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
		largest, sum := simd.SoftmaxRow(row[a:b], s.largest[r])
		if !begins {
			c := F(math.Exp(float64(s.largest[r] - largest)))
			s.total[r] *= c
			if c != 1 {
				simd.Scale(s.sums[r*k.DValue:(r+1)*k.DValue], c, s.sums[r*k.DValue:(r+1)*k.DValue])
			}
		}
		s.largest[r] = largest
		s.total[r] += sum
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
	if k.dot == nil {
		k.dot = make([]F, len(k.logsum))
	}
	k.dq, k.dk, k.dv, k.q, k.k, k.v, k.y, k.dy = dq, dk, dv, q, keys, values, y, dy
	k.pool.For(k.Tasks(), k.backward)
}

// backwardHead computes the gradients of one head of one sequence, tile by tile of the keys.
func (k *Kernel[F]) backwardHead(task int) {
	b, h := task/k.Heads, task%k.Heads
	s := k.pool.Take()
	dk, dv := k.dk.From(b, 0, k.Keys, h), k.dv.From(b, 0, k.Keys, h)
	for t := range k.Keys {
		clear(dk[t*k.dk.Stride : t*k.dk.Stride+k.DKey])
		clear(dv[t*k.dv.Stride : t*k.dv.Stride+k.DValue])
	}
	for t := range k.Queries {
		at := ((b*k.Queries+t)*k.Heads + h) * k.DValue
		k.dot[task*k.Queries+t] = simd.Dot(k.dy[at:at+k.DValue], k.y[at:at+k.DValue])
	}
	for tile := k.first(0) / keyTile; tile*keyTile < k.visible(k.Queries-1); tile++ {
		keys, values := k.cache.tile(tile, task)
		simd.Transpose(s.keys, k.DKey, keys, keyTile, k.DKey, keyTile)
		simd.Transpose(s.values, keyTile, values, k.DValue+1, keyTile, k.DValue)
		from := 0
		if k.Causal { // the queries before see none of these keys
			from = max(0, tile*keyTile-k.started-k.before) / k.group * k.group
		}
		for ; from < k.Queries && k.first(from) < (tile+1)*keyTile; from += k.group {
			k.differentiateTile(s, task, tile, from, min(k.group, k.Queries-from), keys, dk, dv)
		}
	}
	k.pool.Give(s)
}

// differentiateTile adds what a tile of keys gives to dq of n queries from position from on, and to dk
// and dv of the tile.
func (k *Kernel[F]) differentiateTile(s *scratch[F], task, tile, from, n int, keys, dk, dv []F) {
	b, h := task/k.Heads, task%k.Heads
	lo, hi, begins := k.columns(tile, from, n)
	first, width := tile*keyTile+lo, hi-lo
	q, dq := k.q.From(b, from, k.Queries, h), k.dq.From(b, from, k.Queries, h)
	strideY := k.Heads * k.DValue
	dy := k.dy[(b*k.Queries+from)*strideY+h*k.DValue:]
	matmul.Serial(false, false, n, width, k.DKey, k.scale, q, k.q.Stride, keys[lo:], keyTile, 0, s.scores, keyTile)
	matmul.Serial(false, false, n, width, k.DValue, 1, dy, strideY, s.values[lo:], keyTile, 0, s.slopes, keyTile)
	for r := range n {
		p, ds := s.scores[r*keyTile:r*keyTile+width], s.slopes[r*keyTile:r*keyTile+width]
		a, b := k.seen(tile, from+r, lo, hi)
		a = min(a, b)
		at := task*k.Queries + from + r
		simd.AttentionSlopes(p[a:b], ds[a:b], k.logsum[at], k.dot[at])
		clear(p[:a])
		clear(ds[:a])
		clear(p[b:])
		clear(ds[b:])
	}
	var keep F = 1
	if begins {
		keep = 0
	}
	matmul.Serial(false, false, n, k.DKey, width, k.scale, s.slopes, keyTile, s.keys[lo*k.DKey:], k.DKey, keep, dq, k.dq.Stride)
	if fresh := max(0, k.started-first); fresh < width { // columns of keys that are not detached
		at := first + fresh - k.started
		matmul.Serial(true, false, width-fresh, k.DKey, n, k.scale, s.slopes[fresh:], keyTile, q, k.q.Stride, 1, dk[at*k.dk.Stride:], k.dk.Stride)
		matmul.Serial(true, false, width-fresh, k.DValue, n, 1, s.scores[fresh:], keyTile, dy, strideY, 1, dv[at*k.dv.Stride:], k.dv.Stride)
	}
}
