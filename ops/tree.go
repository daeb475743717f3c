package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/params"
	"goomtrain/trees"
)

// TreeLoss is the softmax cross-entropy of scores at every level of the path to a label of a tree of classes (arXiv
// 2209.10288), without the dense tensor [..., L, C] of levels and classes:
//
//	loss = 1/P sum over counted labels, and levels l of the label's path, of -ln softmax_l(scores)[path[l]]
//
// softmax_l is over the classes that stand at level l, and P counts the pairs of a label and a level. scores [..., C] of
// the classes of the tree, labels [...] of int32 (-1: not counted) -> a scalar, in nats; 0 if no label is counted.
// Gradients: of scores. The returned function reports the last run by level. Any other label that is no class panics
// when the graph runs.
func TreeLoss[F params.Float](scores, labels *G.Node, tree *trees.Tree) (*G.Node, func() []trees.Stats) {
	want("TreeLoss", "scores", scores, withWidth(scores.Shape(), tree.Classes())...)
	rows, _ := split(scores.Shape())
	want("TreeLoss", "labels", labels, scores.Shape()[:scores.Dims()-1]...)
	k := trees.NewLoss[F](tree, rows)
	loss := Apply(Definition[F]{
		Name:    "TreeLoss",
		Inputs:  G.Nodes{scores, labels},
		Grads:   []Gradient{GradPrimary, GradNone},
		Out:     tensor.Shape{},
		Forward: func(out []F, in Operands[F]) { out[0] = k.Forward(in.Floats(0), in.Indices(1)) },
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(grad[0], in.Floats(0), dout[0])
		},
	})
	return loss, k.Stats
}
