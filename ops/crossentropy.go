package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// An Outcome tells about the last run of a loss.
type Outcome struct {
	// Stats returns the sums over the counted targets.
	Stats func() HeadStats
	// Predicted returns, for each counted target in their order, the target with the largest logit. It is valid until
	// the next run.
	Predicted func() []int32
	// Losses appends, for each counted target in their order, its loss in nats, without the weight.
	Losses func(to []float64) []float64
}

// CrossEntropy is softmax cross-entropy against integer targets:
//
//	loss = weight * sum over counted rows of -ln softmax(scores)[target]
//
// scores [B, C] or, as of vectors of one number, [B, C, 1], targets [B] of int32 (-1: the row is not counted), weight
// [1] -> a scalar. Gradient: of scores. A target of C or more panics when the graph runs. HeadLoss is the same after a
// linear map.
func CrossEntropy[F params.Float](scores, targets, weight *G.Node) (*G.Node, Outcome) {
	dims := []int{-1, -1, 1}
	want("CrossEntropy", "scores", scores, dims[:max(2, min(scores.Dims(), 3))]...)
	want("CrossEntropy", "targets", targets, scores.Shape()[0])
	want("CrossEntropy", "weight", weight, 1)
	k := dense.NewCrossEntropy[F](scores.Shape()[0], scores.Shape()[1])
	loss := Apply(Definition[F]{
		Name:   "CrossEntropy",
		Inputs: G.Nodes{scores, targets, weight},
		Grads:  []Gradient{GradPrimary, GradNone, GradNone},
		Out:    tensor.Shape{},
		Forward: func(out []F, in Operands[F]) {
			out[0] = k.Forward(in.Floats(0), in.Indices(1), in.Floats(2)[0])
		},
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(grad[0], in.Floats(0), in.Indices(1), in.Floats(2)[0], dout[0])
		},
	})
	return loss, Outcome{k.Stats, k.Predicted, k.Losses}
}
