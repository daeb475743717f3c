package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// Embedding looks up rows of a table: tokens [...] of int32, w [S, D] -> [..., D]. A token outside
// 0..S-1 panics when the graph runs. Gradient: of w, a scatter-add.
func Embedding(tokens, w *G.Node) *G.Node {
	want("Embedding", "w", w, -1, -1)
	return dispatch(w,
		func() *G.Node { return embedding[float32](tokens, w) },
		func() *G.Node { return embedding[float64](tokens, w) })
}

func embedding[F simd.Float](tokens, w *G.Node) *G.Node {
	vocab, width := w.Shape()[0], w.Shape()[1]
	k := kernels.NewEmbedding[F](tokens.Shape().TotalSize(), vocab, width)
	return apply(definition[F]{
		name:    "Embedding",
		inputs:  G.Nodes{tokens, w},
		grads:   []gradient{none, primary},
		out:     append(tokens.Shape(), width),
		forward: func(out []F, in operands[F]) { k.Forward(out, in.indices(0), in.floats(1)) },
		backward: func(grad [][]F, in operands[F], _, dout []F) {
			k.Backward(grad[1], in.indices(0), dout)
		},
	})
}
