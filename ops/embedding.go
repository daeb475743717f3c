package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Embedding looks up rows of a table: tokens [...] of int32, w [S, D] -> [..., D]. A token outside
// 0..S-1 panics when the graph runs. Gradient: of w, a scatter-add.
func Embedding[F params.Float](tokens, w *G.Node) *G.Node {
	want("Embedding", "w", w, -1, -1)
	vocab, width := w.Shape()[0], w.Shape()[1]
	k := dense.NewEmbedding[F](tokens.Shape().TotalSize(), vocab, width)
	return Apply(Definition[F]{
		Name:    "Embedding",
		Cut:     Positionwise,
		Inputs:  G.Nodes{tokens, w},
		Grads:   []Gradient{GradNone, GradPrimary},
		Out:     append(tokens.Shape(), width),
		Forward: func(out []F, in Operands[F]) { k.Forward(out, in.Indices(0), in.Floats(1)) },
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(grad[1], in.Indices(0), dout)
		},
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewEmbedding(s, tokens.Shape().TotalSize(), vocab, width)
			return DeviceForm{
				Forward:  func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[0], in[1]) },
				Backward: func(grads, in []gpu.Ptr, _, dout gpu.Ptr) { k.Backward(grads[1], in[0], dout) },
			}
		},
	})
}
