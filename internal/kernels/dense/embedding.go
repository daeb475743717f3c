package dense

import (
	"fmt"

	"goomtrain/internal/simd"
)

// Embedding looks up rows of a table: y_r = W[token_r].
//
//	tokens [R]   W [S, D]   y [R, D]    dW_s = sum over the rows r with token s of dy_r
type Embedding[F simd.Float] struct {
	rows, vocab, width int
	y, w, dw, dy       []F // operands of the running call
	tokens             []int32
	forward            func(lo, hi int)
	zero               func(lo, hi int)
	scatter            func(block int)
}

// embeddingColumns is the width of the block of columns whose sums one worker computes. No two workers write
// the same element, and the sum of each element runs over the rows in their order.
const embeddingColumns = 32

// NewEmbedding returns the kernel for rows tokens and a table [vocab, width].
func NewEmbedding[F simd.Float](rows, vocab, width int) *Embedding[F] {
	k := &Embedding[F]{rows: rows, vocab: vocab, width: width}
	k.forward = func(lo, hi int) {
		for r := lo; r < hi; r++ {
			t := int(k.tokens[r])
			if t < 0 || t >= k.vocab {
				panic(fmt.Sprintf("dense: token %d at row %d, want 0 to %d", t, r, k.vocab-1))
			}
			copy(k.y[r*k.width:(r+1)*k.width], k.w[t*k.width:(t+1)*k.width])
		}
	}
	k.zero = func(lo, hi int) { clear(k.dw[lo:hi]) }
	k.scatter = func(block int) {
		lo := block * embeddingColumns
		hi := min(lo+embeddingColumns, k.width)
		for r, t := range k.tokens {
			sum := k.dw[int(t)*k.width+lo : int(t)*k.width+hi]
			simd.Add(sum, sum, k.dy[r*k.width+lo:r*k.width+hi])
		}
	}
	return k
}

// Forward writes y. It panics if a token is not in the table.
func (k *Embedding[F]) Forward(y []F, tokens []int32, w []F) {
	k.y, k.tokens, k.w = y, tokens, w
	simd.ForRange(k.rows, rowGrain, k.forward)
}

// Backward writes dW; tokens are those of Forward.
func (k *Embedding[F]) Backward(dw []F, tokens []int32, dy []F) {
	k.dw, k.tokens, k.dy = dw, tokens, dy
	simd.ForRange(len(dw), simd.Grain, k.zero)
	simd.For(simd.Pieces(k.width, embeddingColumns), k.scatter)
}
