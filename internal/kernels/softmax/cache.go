package softmax

import (
	"fmt"
	"slices"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// keyTile is the number of keys that are scored together.
const keyTile = 128

// A Cache holds the keys and values that a softmax attention looks at, in the form in which it reads them:
// tiles of L = keyTile positions, of each head
//
//	keys [K+1, L]   values [L, V+1]
//
// The last row of the keys and the last column of the values are ones: they add a number to each row of a
// product at no cost. A cache that is kept from run to run is the state of a streaming attention; it
// grows with the sequence.
type Cache[F simd.Float] struct {
	batch, heads, keys, values int // B, H, K, V
	slots                      int // number of tiles of a ring; 0: the cache grows
	data                       []F // [tiles, B, H, (K+1)*L + L*(V+1)]
	length                     [1]int64
	shape                      [4]int
}

// NewCache returns an empty cache of B = batch sequences, H heads, K = keys numbers a key and V = values
// numbers a value.
func NewCache[F simd.Float](batch, heads, keys, values int) *Cache[F] {
	return &Cache[F]{batch: batch, heads: heads, keys: keys, values: values}
}

// Len returns the number of positions that the cache holds.
func (c *Cache[F]) Len() int { return int(c.length[0]) }

// Reset forgets all positions; the memory is kept for new ones.
func (c *Cache[F]) Reset() { c.length[0] = 0 }

// Arrays returns the whole state under names that begin with prefix. The arrays share its memory.
func (c *Cache[F]) Arrays(prefix string) []params.Array {
	tiles := simd.Pieces(c.Len(), keyTile)
	c.shape = [4]int{tiles, c.batch, c.heads, c.tileSize()}
	return []params.Array{
		{Name: prefix + "cache", Shape: c.shape[:], Data: c.data[:tiles*c.batch*c.heads*c.tileSize()]},
		{Name: prefix + "length", Shape: []int{1}, Data: c.length[:]},
	}
}

// Fit gives the cache the length of another one that exported arrays, so that Arrays has their shapes and
// their data can be copied in. It returns a function that restores the old length. It is an error if the
// arrays do not hold as many positions as their length says.
func (c *Cache[F]) Fit(prefix string, arrays []params.Array) (undo func(), err error) {
	before := c.length
	for _, a := range arrays {
		if n, ok := a.Data.([]int64); ok && a.Name == prefix+"length" && len(n) == 1 {
			// no memory is made for a length that the tiles do not bear out
			has := slices.ContainsFunc(arrays, func(a params.Array) bool {
				return a.Name == prefix+"cache" && n[0] >= 0 &&
					slices.Equal(a.Shape, []int{int((n[0] + keyTile - 1) / keyTile), c.batch, c.heads, c.tileSize()})
			})
			if !has {
				return nil, fmt.Errorf("%slength is %d, but %scache does not hold so many positions of %d heads in %d sequences",
					prefix, n[0], prefix, c.heads, c.batch)
			}
			c.extend(int(n[0]) - c.Len())
		}
	}
	return func() { c.length = before }, nil
}

// tileSize returns how many numbers a tile of one head has.
func (c *Cache[F]) tileSize() int { return (c.keys+1)*keyTile + keyTile*(c.values+1) }

// extend adds n positions, whose keys and values put writes; a negative n takes positions away.
func (c *Cache[F]) extend(n int) {
	c.length[0] += int64(n)
	if c.slots > 0 {
		return
	}
	if need := simd.Pieces(c.Len(), keyTile) * c.batch * c.heads * c.tileSize(); need > len(c.data) {
		grown := make([]F, max(need, min(2*len(c.data), len(c.data)+1<<24)))
		copy(grown, c.data)
		c.data = grown
	}
}

// tile returns the keys [K+1, L] and values [L, V+1] of a tile of one head, task = b*H + h.
func (c *Cache[F]) tile(tile, task int) (keys, values []F) {
	if c.slots > 0 {
		tile %= c.slots
	}
	from := (tile*c.batch*c.heads + task) * c.tileSize()
	all := c.data[from : from+c.tileSize()]
	return all[:(c.keys+1)*keyTile], all[(c.keys+1)*keyTile:]
}

// put writes n keys and values of one head to positions from start on; rows of k and v are their strides
// apart.
func (c *Cache[F]) put(task, start, n int, k []F, strideK int, v []F, strideV int) {
	w := c.values + 1
	for t := 0; t < n; {
		keys, values := c.tile((start+t)/keyTile, task)
		at := (start + t) % keyTile
		m := min(n-t, keyTile-at)
		simd.Transpose(keys[at:], keyTile, k[t*strideK:], strideK, m, c.keys)
		ones := keys[c.keys*keyTile+at:][:m]
		for i := range ones {
			ones[i] = 1
			copy(values[(at+i)*w:][:c.values], v[(t+i)*strideV:])
			values[(at+i)*w+c.values] = 1
		}
		t += m
	}
}
