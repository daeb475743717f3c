package dense

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestEmbeddingEqualsNaive: the rows are copies; the gradients here are sums of integers, so they are exact
// in any order.
func TestEmbeddingEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEmbedding[float32], testEmbedding[float64])
}

func testEmbedding[F simd.Float](t *testing.T) {
	kerneltest.OnThreads(t, func(t *testing.T) {
		for _, size := range []struct{ rows, vocab, width int }{{1, 1, 1}, {2, 5, 3}, {63, 3, 8}, {200, 7, 70}, {130, 300, 33}} {
			tokens, w, dy := make([]int32, size.rows), kerneltest.Normal[F]("w", size.vocab*size.width), make([]F, size.rows*size.width)
			for r := range tokens {
				tokens[r] = int32(r * r % size.vocab)
			}
			for i := range dy {
				dy[i] = F(i * 31 % 13)
			}
			y, dw := kerneltest.Poisoned[F](len(dy)), kerneltest.Poisoned[F](len(w))
			k := NewEmbedding[F](size.rows, size.vocab, size.width)
			k.Forward(y, tokens, w)
			k.Backward(dw, tokens, dy)
			naive := NaiveEmbedding{size.vocab, size.width, tokens, kerneltest.Widen(w)}
			kerneltest.Identical(t, fmt.Sprint(size), y, kerneltest.Narrow[F](naive.Forward()))
			kerneltest.Identical(t, fmt.Sprint(size, " dw"), dw, kerneltest.Narrow[F](naive.Backward(kerneltest.Widen(dy))))
		}
	})
}

func TestEmbeddingRefusesTokens(t *testing.T) {
	for _, bad := range []int32{-1, 5, 1 << 30} {
		kerneltest.Refuses(t, fmt.Sprintf("dense: token %d at row 0, want 0 to 4", bad), func() {
			NewEmbedding[float32](1, 5, 2).Forward(make([]float32, 2), []int32{bad}, make([]float32, 10))
		})
	}
}
