package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
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

	// Device returns the loss on the GPU that its graph was compiled for, nil on the CPU. Record gives the functions above
	// what it has computed there: targets, and for each of them its loss and the target with the largest logit.
	Device func() DeviceLoss
	Record func(targets []int32, losses []float32, predicted []int32)
}

// A DeviceLoss is a loss on a GPU. After a run of the graph it has, for each target, its loss in nats as float32 and the
// target with the largest logit as int32.
type DeviceLoss interface {
	NLL() gpu.Ptr
	Best() gpu.Ptr
	// Add adds the outcome of the last run to a sum of losses (float64), a number of counted targets and one of correct
	// ones (both int64).
	Add(totals gpu.Ptr)
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
	rows, classes := scores.Shape()[0], scores.Shape()[1]
	k := dense.NewCrossEntropy[F](rows, classes)
	var device DeviceLoss
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
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewCrossEntropy(s, rows, classes)
			device = k
			return DeviceForm{
				Forward: func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[0], in[1], in[2]) },
				Backward: func(grads, in []gpu.Ptr, _, dout gpu.Ptr) {
					k.Backward(grads[0], in[0], in[1], in[2], dout)
				},
			}
		},
	})
	return loss, Outcome{k.Stats, k.Predicted, k.Losses, func() DeviceLoss { return device }, k.Record}
}
