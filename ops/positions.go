package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Position counts the positions that a streaming sequence has had so far.
type Position = dense.Position

// Rotary rotates queries and keys by angles that grow with their position (arXiv 2104.09864), so that q_t . k_j
// depends on t - j: qkv [B, T, 2*H*K + H*V] -> the same shape; values are copied. Gradient: of qkv. position is
// nil for training, where sequences begin at position 0.
func Rotary[F params.Float](qkv *G.Node, heads, keys int, position *Position) *G.Node {
	want("Rotary", "qkv", qkv, -1, -1, -1)
	s := qkv.Shape()
	if heads < 1 || keys < 1 || s[2] < 2*heads*keys {
		panic(fmt.Sprintf("ops: Rotary: qkv has shape %v, want room for queries and keys of %d heads of width %d", s, heads, keys))
	}
	k := dense.NewRotary[F](s[0], s[1], 2*heads, keys, s[2])
	return Apply(Definition[F]{
		Name:     "Rotary",
		Inputs:   G.Nodes{qkv},
		Grads:    []Gradient{GradPrimary},
		Out:      s,
		Forward:  func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), position.Take(s[1])) },
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) { k.Backward(grad[0], dout) },
	})
}

// AddPositions adds row t of a table to position t: x [B, T, D], table [C, D] -> [B, T, D]. Gradients: of
// both. position is nil for training, where sequences begin at row 0. Positions beyond the table panic,
// when the graph is built or, streaming, when it runs.
func AddPositions[F params.Float](x, table *G.Node, position *Position) *G.Node {
	want("AddPositions", "x", x, -1, -1, -1)
	s := x.Shape()
	want("AddPositions", "table", table, -1, s[2])
	context := table.Shape()[0]
	if s[1] > context {
		panic(fmt.Sprintf("ops: AddPositions: x has shape %v, but the table has %d positions", s, context))
	}
	k := dense.NewAddPositions[F](s[0], s[1], context, s[2])
	return Apply(Definition[F]{
		Name:    "AddPositions",
		Inputs:  G.Nodes{table, x},
		Grads:   []Gradient{GradPrimary, GradSame}, // x is only added, so only the gradient of the table is computed
		Out:     s,
		Forward: func(out []F, in Operands[F]) { k.Forward(out, in.Floats(1), in.Floats(0), position.Take(s[1])) },
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) {
			k.Backward(grad[0], dout)
		},
	})
}
