package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// HeadStats are the results of the last run of a loss: the unweighted sum in nats over counted rows, the number
// of counted rows and of those whose target has the largest logit, and the same of sequences.
type HeadStats = dense.HeadStats

// HeadLoss is a linear head with softmax cross-entropy against integer targets. It is computed in tiles of
// rows, so that the logits [..., S] are never stored as a whole:
//
//	loss = weight * sum over counted rows of -ln softmax(x W^T)[target]
//
// x [..., D], w [S, D], targets [...] of int32 (-1: the row is not counted), weight [1] -> a scalar. Usually
// weight is 1/(counted targets of the whole step). Gradients: of x and w; they are computed together with the
// loss once the graph is differentiated. The outcome is that of the last run. A target of S or more
// panics when the graph runs. A sequence is what one index of the first dimension of x holds.
func HeadLoss[F params.Float](x, w, targets, weight *G.Node) (*G.Node, Outcome) {
	rows, width := split(x.Shape())
	want("HeadLoss", "w", w, -1, width)
	want("HeadLoss", "targets", targets, x.Shape()[:x.Dims()-1]...)
	want("HeadLoss", "weight", weight, 1)
	vocab := w.Shape()[0]
	k := dense.NewHead[F](rows, width, vocab)
	var device DeviceLoss
	loss := Apply(Definition[F]{
		Name:   "HeadLoss",
		Cut:    Positionwise,
		Inputs: G.Nodes{x, w, targets, weight},
		Grads:  []Gradient{GradPrimary, GradSide, GradNone, GradNone},
		Out:    tensor.Shape{},
		Forward: func(out []F, in Operands[F]) {
			out[0] = k.Forward(in.Floats(0), in.Floats(1), in.Indices(2), in.Floats(3)[0])
		},
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) {
			k.Backward(grad[0], dout[0])
		},
		Differentiate: func(grad [][]F) { k.WantGradients(grad[1]) },
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewHead(s, rows, width, vocab)
			device = k
			return DeviceForm{
				Forward:       func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[0], in[1], in[2], in[3]) },
				Backward:      func(grads, _ []gpu.Ptr, _, dout gpu.Ptr) { k.Backward(grads[0], dout) },
				Differentiate: func(grads []gpu.Ptr) { k.WantGradients(grads[1]) },
			}
		},
	})
	length := rows / x.Shape()[0]
	return loss, Outcome{func() HeadStats { return k.Stats(length) }, k.Predicted, k.Losses, func() DeviceLoss { return device }, k.Record}
}
