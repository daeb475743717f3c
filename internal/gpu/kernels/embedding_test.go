package kernels

import (
	"fmt"
	"goomtrain/internal/kernels/dense"
	"math"
	"math/rand/v2"
	"testing"
)

// TestEmbedding compares with the host's kernel, to the bit forward. Positions fill several runs of the sort and pieces of the
// sums; tokens are the same, different, or drawn.
func TestEmbedding(t *testing.T) {
	for _, c := range []struct {
		rows, vocab, width int
		token              func(r *rand.Rand, i, vocab int) int
	}{
		{1, 1, 1, func(*rand.Rand, int, int) int { return 0 }},
		{200, 7, 3, func(*rand.Rand, int, int) int { return 5 }},
		{63, 63, 2, func(_ *rand.Rand, i, vocab int) int { return vocab - 1 - i }},
		{1024, 9, 1, func(r *rand.Rand, _, vocab int) int { return r.IntN(vocab) }},
		{3000, 300, 5, func(r *rand.Rand, _, vocab int) int { return min(r.IntN(vocab), r.IntN(vocab)) }},
		{70, 5, 64, func(r *rand.Rand, _, vocab int) int { return r.IntN(vocab) }},
		{1025, 3, 130, func(r *rand.Rand, _, vocab int) int { return r.IntN(vocab) }},
	} {
		r := rand.New(rand.NewPCG(1, uint64(c.rows)))
		tokens := make([]int32, c.rows)
		for i := range tokens {
			tokens[i] = int32(c.token(r, i, c.vocab))
		}
		n := c.rows * c.width
		w, dy := normal(1, c.vocab*c.width), normal(2, n)
		b := newBench(t)
		k, pt := NewEmbedding(b.Scope, c.rows, c.vocab, c.width), put(b, tokens)
		y, dw := room(b, n), room(b, len(w))
		k.Forward(y, pt, put(b, w))
		k.Backward(dw, pt, put(b, dy))
		wantY, wantW := make([]float32, n), make([]float64, len(w))
		dense.NewEmbedding[float32](c.rows, c.vocab, c.width).Forward(wantY, tokens, w)
		dense.NewEmbedding[float64](c.rows, c.vocab, c.width).Backward(wantW, tokens, wide(dy))
		same(t, "y", get[float32](b, y, n), wantY)
		got := get[float32](b, dw, len(w))
		near(t, fmt.Sprint("dw of ", c.rows), got, wantW, 1e-6)
		for i, v := range wantW {
			if v == 0 && got[i] != 0 {
				t.Fatalf("dw of %d: number %d is %v, though no token hits its row", c.rows, i, got[i])
			}
		}
	}
}

// TestEmbeddingBeyondTable: a token that is not in the table gives NaN, and has no part in the gradient.
func TestEmbeddingBeyondTable(t *testing.T) {
	const vocab, width = 3, 5
	tokens := []int32{2, vocab, -1, 0, math.MaxInt32, 2}
	n := len(tokens) * width
	w, dy := normal(1, vocab*width), normal(2, n)
	b := newBench(t)
	k, pt, y, dw := NewEmbedding(b.Scope, len(tokens), vocab, width), put(b, tokens), room(b, n), room(b, len(w))
	k.Forward(y, pt, put(b, w))
	k.Backward(dw, pt, put(b, dy))
	wantY, wantW := make([]float32, n), make([]float32, len(w))
	for r, token := range tokens {
		for j := range width {
			wantY[r*width+j] = float32(math.NaN())
			if token >= 0 && token < vocab {
				wantY[r*width+j] = w[int(token)*width+j]
				wantW[int(token)*width+j] += dy[r*width+j]
			}
		}
	}
	same(t, "y", get[float32](b, y, n), wantY)
	same(t, "dw", get[float32](b, dw, len(w)), wantW)
}
