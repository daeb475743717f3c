package softmax

import (
	"fmt"
	"slices"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// TestStreamsEqualNaive: every stretch of a stream, of any length and over the edges of tiles, has the
// output of the definition over all keys so far, and its gradients, for which what came before is constant.
func TestStreamsEqualNaive(t *testing.T) {
	kerneltest.Both(t, testStreams[float32], testStreams[float64])
}

func testStreams[F simd.Float](t *testing.T) {
	for _, c := range []struct {
		size multihead.Size
		cuts []int
	}{
		{multihead.Size{Batch: 1, Heads: 1, DKey: 1, DValue: 1}, []int{1, 2, 3}},
		{multihead.Size{Batch: 2, Heads: 3, DKey: 5, DValue: 7}, []int{1, 3, 66, 67}},
		{multihead.Size{Batch: 2, Heads: 2, DKey: 4, DValue: 3}, []int{63, 64, 127, 129, 150}},
		{multihead.Size{Batch: 1, Heads: 1, DKey: 9, DValue: 2}, []int{128, 256, 257, 400}},
	} {
		size := c.size
		size.Queries, size.Causal = c.cuts[len(c.cuts)-1], true
		size.Keys = size.Queries
		whole, dy := kerneltest.Attention(size, Weight)
		cache := NewCache[F](size.Batch, size.Heads, size.DKey, size.DValue)
		lo := 0
		for _, hi := range c.cuts {
			a := kerneltest.Part(whole, lo, hi)
			kerneltest.NearNaive[F](t, fmt.Sprintf("%+v from %d to %d", size, lo, hi), withCache[F]{New[F](a.Size), cache},
				a, kerneltest.Positions(dy, size.Batch, size.Heads*size.DValue, lo, hi), 1, kerneltest.Tolerance[F](1e-5, 1e-12))
			if lo = hi; cache.Len() != hi {
				t.Errorf("the cache holds %d positions, want %d", cache.Len(), hi)
			}
		}
	}
}

// TestFullStreams: without causality every query of a stretch sees all keys so far.
func TestFullStreams(t *testing.T) {
	const past, queries, keys = 130, 3, 5
	size := multihead.Size{Batch: 2, Queries: past, Keys: past + keys, Heads: 2, DKey: 3, DValue: 2}
	a, _ := kerneltest.Attention(size, Weight)
	cache := NewCache[float64](size.Batch, size.Heads, size.DKey, size.DValue)
	first := a
	first.Keys = past
	first.K, first.V = kerneltest.Positions(a.K, 2, 2*3, 0, past), kerneltest.Positions(a.V, 2, 2*2, 0, past)
	a.Past, a.Queries, a.Keys = past, queries, keys
	a.Q = kerneltest.Positions(a.Q, 2, 2*3, 0, queries)
	for _, part := range []multihead.Naive{first, a} {
		dy := kerneltest.Normal[float64]("dy", len(part.Forward()))
		kerneltest.NearNaive[float64](t, fmt.Sprintf("%+v", part.Size), withCache[float64]{New[float64](part.Size), cache}, part, dy, 1, 1e-12)
	}
}

// TestCacheKeepsRows: the tiles of a cache that grows hold every key and value, beside their ones.
func TestCacheKeepsRows(t *testing.T) {
	const keys, values, positions = 3, 2, 2*keyTile + 5
	k, v := kerneltest.Normal[float32]("k", positions*keys), kerneltest.Normal[float32]("v", positions*values)
	c := NewCache[float32](1, 1, keys, values)
	for from, n := 0, 1; from < positions; from, n = from+n, n+1 {
		n = min(n, positions-from)
		c.extend(n)
		c.put(0, from, n, k[from*keys:], keys, v[from*values:], values)
	}
	for at := range positions {
		tileKeys, tileValues := c.tile(at/keyTile, 0)
		var key []float32
		for j := range keys + 1 {
			key = append(key, tileKeys[j*keyTile+at%keyTile])
		}
		kerneltest.Identical(t, fmt.Sprint("key ", at), key, append(slices.Clone(k[at*keys:(at+1)*keys]), 1))
		kerneltest.Identical(t, fmt.Sprint("value ", at), tileValues[at%keyTile*(values+1):][:values+1], append(slices.Clone(v[at*values:(at+1)*values]), 1))
	}
}

// TestFit: a cache that takes the arrays of another one continues its stream.
func TestFit(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 140, Keys: 140, Heads: 2, DKey: 3, DValue: 2, Causal: true}
	whole, _ := kerneltest.Attention(size, Weight)
	from, to := NewCache[float64](1, 2, 3, 2), NewCache[float64](1, 2, 3, 2)
	run := func(c *Cache[float64], lo, hi int) []float64 {
		a := kerneltest.Part(whole, lo, hi)
		q, k, v := kerneltest.Operands[float64](a)
		y := kerneltest.Poisoned[float64](len(a.Q) / 3 * 2)
		New[float64](a.Size).Forward(y, q, k, v, c)
		return y
	}
	run(from, 0, 130)
	arrays := from.Arrays("x.")
	undo, err := to.Fit("x.", arrays)
	if err != nil {
		t.Fatal(err)
	}
	if undo(); to.Len() != 0 {
		t.Errorf("after undo the cache holds %d positions", to.Len())
	}
	if _, err := to.Fit("x.", arrays); err != nil {
		t.Fatal(err)
	}
	for i, a := range to.Arrays("x.") {
		if !slices.Equal(a.Shape, arrays[i].Shape) || a.Name != arrays[i].Name {
			t.Fatalf("array %s %v, want %s %v", a.Name, a.Shape, arrays[i].Name, arrays[i].Shape)
		}
		switch data := a.Data.(type) {
		case []float64:
			copy(data, arrays[i].Data.([]float64))
		case []int64:
			copy(data, arrays[i].Data.([]int64))
		}
	}
	kerneltest.Identical(t, "y", run(to, 130, 140), run(from, 130, 140))

	for length, c := range map[int64]*Cache[float64]{-1: NewCache[float64](1, 2, 3, 2), 1000: from} {
		arrays = c.Arrays("x.")
		arrays[1].Data.([]int64)[0] = length
		if _, err := to.Fit("x.", arrays); err == nil {
			t.Errorf("length %d: no error", length)
		}
	}
}

func TestWrongCachePanics(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: 2, DValue: 2, Causal: true}
	x := multihead.Packed(make([]float64, 2), 1, 2)
	kerneltest.Panics(t, "values of another width", func() {
		New[float64](size).Forward(make([]float64, 2), x, x, x, NewCache[float64](1, 1, 2, 3))
	})
}
