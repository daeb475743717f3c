package softmax

import (
	"fmt"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Ring is the state of a streaming attention with a window: the keys and values of the last positions, as many as the
// window needs. Its size does not depend on the length of the sequence. The tiles are those of a Cache; tile i is at
// place i modulo their number.
type Ring[F simd.Float] struct {
	window int
	cache  Cache[F]
	shape  [4]int
}

// NewRing returns an empty ring for B = batch sequences, H heads, K = keys numbers a key, V = values numbers a value and
// a window of that many positions.
func NewRing[F simd.Float](batch, heads, keys, values, window int) *Ring[F] {
	r := &Ring[F]{window: window, cache: *NewCache[F](batch, heads, keys, values)}
	r.cache.slots = simd.Pieces(window-1, keyTile) + 1 // the tile that is being filled, and what its first query sees
	r.shape = [4]int{r.cache.slots, batch, heads, r.cache.tileSize()}
	r.cache.data = make([]F, params.Size(r.shape[:]))
	return r
}

// Reset forgets all positions.
func (r *Ring[F]) Reset() { r.cache.Reset() }

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (r *Ring[F]) Arrays(prefix string) []params.Array {
	return []params.Array{
		{Name: prefix + "ring", Shape: r.shape[:], Data: r.cache.data},
		{Name: prefix + "length", Shape: []int{1}, Data: r.cache.length[:]},
	}
}

// fewQueries is the number of queries that are scored together if the window is shorter than queryTile: of more, most
// would not see most of the keys; products of fewer are slow.
const fewQueries = 16

// NewWindow returns the kernel of causal attention in which query t sees keys max(0, t-window+1) to t. It computes only
// the tiles that hold some of them.
func NewWindow[F simd.Float](size multihead.Size, window int) *Kernel[F] {
	if window < 1 || !size.Causal {
		panic(fmt.Sprintf("softmax: a window of %d keys for size %+v, want at least 1 and causal", window, size))
	}
	k := New[F](size)
	k.window = window
	if window < queryTile {
		k.group = fewQueries
	}
	return k
}

// WantGradients makes every later ForwardRing keep all keys that Backward needs.
func (k *Kernel[F]) WantGradients() { k.want = true }

// CheckRing panics unless the ring fits this kernel.
func (k *Kernel[F]) CheckRing(r *Ring[F]) {
	if c := &r.cache; c.batch != k.Batch || c.heads != k.Heads || c.keys != k.DKey || c.values != k.DValue || r.window != k.window {
		panic(fmt.Sprintf("softmax: kernel of size %+v, window %d with a ring of B=%d H=%d K=%d V=%d, window %d",
			k.Size, k.window, c.batch, c.heads, c.keys, c.values, r.window))
	}
}

// ForwardRing writes y [B, T, H*V] of positions that continue the sequence of the ring, which receives their keys and
// values.
func (k *Kernel[F]) ForwardRing(y []F, q, keys, values multihead.Rows[F], r *Ring[F]) {
	k.CheckRing(r)
	r.cache.length[0] = max(0, r.cache.length[0]) // a restored state may say anything
	if !k.want {
		k.run(y, q, keys, values, &r.cache, k.forwardRing)
		return
	}
	own, length := k.empty(), r.cache.Len()
	past := min(k.window-1, length)
	own.extend(past)
	for task := range k.Tasks() {
		move(own, &r.cache, task, 0, length-past, past)
	}
	k.run(y, q, keys, values, own, k.forward)
	r.cache.extend(k.Keys)
	last := min(k.window-1, k.Keys) // the ring has those before
	for task := range k.Tasks() {
		move(&r.cache, own, task, r.cache.Len()-last, own.Len()-last, last)
	}
}

// forwardHeadsOfRing computes heads of sequences, no further than to the end of a tile at a time: then the ring holds all
// that the queries see.
func (k *Kernel[F]) forwardHeadsOfRing(lo, hi int) {
	s := k.pool.Take()
	for task := lo; task < hi; task++ {
		for from := 0; from < k.Keys; {
			n := min(k.Keys-from, keyTile-(k.started+from)%keyTile)
			k.put(task, from, n)
			k.attendAll(s, task, from, from+n)
			from += n
		}
	}
	k.pool.Give(s)
}

// move copies n positions of one head from position j of one cache to position i of another.
func move[F simd.Float](to, from *Cache[F], task, i, j, n int) {
	w := to.values + 1
	for t := range n {
		toKeys, toValues := to.tile((i+t)/keyTile, task)
		fromKeys, fromValues := from.tile((j+t)/keyTile, task)
		a, b := (i+t)%keyTile, (j+t)%keyTile
		for c := range to.keys + 1 {
			toKeys[c*keyTile+a] = fromKeys[c*keyTile+b]
		}
		copy(toValues[a*w:(a+1)*w], fromValues[b*w:(b+1)*w])
	}
}

func fill[F simd.Float](x []F, v F) {
	for i := range x {
		x[i] = v
	}
}
