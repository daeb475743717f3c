package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// RMSNorm divides rows by the root of their mean square (arXiv 1910.07467): x / sqrt(mean(x^2) + eps) * w. A row is the
// width D of w: x [..., m*D], w [D] -> [..., m*D], as in norms of each of m heads with one weight. Gradients: of both.
func RMSNorm[F params.Float](x, w *G.Node, eps float64) *G.Node {
	k := newRMSNorm[F]("RMSNorm", x, w, eps)
	return Apply(Definition[F]{
		Name:    "RMSNorm",
		Cut:     Positionwise,
		Inputs:  G.Nodes{x, w},
		Grads:   []Gradient{GradPrimary, GradSide},
		Out:     x.Shape(),
		Forward: func(y []F, in Operands[F]) { k.Forward(y, in.Floats(0), nil, in.Floats(1)) },
		Backward: func(grad [][]F, in Operands[F], _, dy []F) {
			k.Backward(grad[0], nil, grad[1], in.Floats(0), nil, in.Floats(1), dy)
		},
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewRMSNorm(s, x.Shape().TotalSize()/w.Shape()[0], w.Shape()[0], eps)
			return DeviceForm{
				Forward:  func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0], 0, in[1]) },
				Backward: func(grads, in []gpu.Ptr, _, dy gpu.Ptr) { k.Backward(grads[0], 0, grads[1], in[0], 0, in[1], dy) },
			}
		},
	})
}

// GatedRMSNorm is RMSNorm times SiLU of a gate of the shape of x, RMSNorm(x) * gate * sigmoid(gate) (arXiv 2312.06635).
// Gradients: of all three.
func GatedRMSNorm[F params.Float](x, gate, w *G.Node, eps float64) *G.Node {
	want("GatedRMSNorm", "gate", gate, x.Shape()...)
	k := newRMSNorm[F]("GatedRMSNorm", x, w, eps)
	return Apply(Definition[F]{
		Name:    "GatedRMSNorm",
		Cut:     Positionwise,
		Inputs:  G.Nodes{x, gate, w},
		Grads:   []Gradient{GradPrimary, GradSide, GradSide},
		Out:     x.Shape(),
		Forward: func(y []F, in Operands[F]) { k.Forward(y, in.Floats(0), in.Floats(1), in.Floats(2)) },
		Backward: func(grad [][]F, in Operands[F], _, dy []F) {
			k.Backward(grad[0], grad[1], grad[2], in.Floats(0), in.Floats(1), in.Floats(2), dy)
		},
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewRMSNorm(s, x.Shape().TotalSize()/w.Shape()[0], w.Shape()[0], eps)
			return DeviceForm{
				Forward: func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0], in[1], in[2]) },
				Backward: func(grads, in []gpu.Ptr, _, dy gpu.Ptr) {
					k.Backward(grads[0], grads[1], grads[2], in[0], in[1], in[2], dy)
				},
			}
		},
	})
}

func newRMSNorm[F params.Float](op string, x, w *G.Node, eps float64) *dense.RMSNorm[F] {
	want(op, "w", w, -1)
	width := w.Shape()[0]
	return dense.NewRMSNorm[F](rowsOf(op, x, width), width, eps)
}

// L2Norm divides rows of that width, which are parts of the last dimension, by their length: x / sqrt(sum(x^2) + 1e-6),
// as flash-linear-attention does with the queries and keys of each head. x [..., m*width]. Gradient: of x.
func L2Norm[F params.Float](x *G.Node, width int) *G.Node {
	rows := rowsOf("L2Norm", x, width)
	return activation[F]("L2Norm", x, x.Shape(), dense.NewL2Norm[F](rows, width), func(s *gpu.Scope) deviceActivation {
		return kernels.NewL2Norm(s, rows, width)
	})
}

// rowsOf returns how many rows of that width x has. It panics unless the last dimension consists of such rows.
func rowsOf(op string, x *G.Node, width int) int {
	s := x.Shape()
	if len(s) == 0 || width < 1 || s[len(s)-1]%width != 0 {
		panic(fmt.Sprintf("ops: %s: x has shape %v, want a last dimension that is a multiple of %d", op, s, width))
	}
	return s.TotalSize() / width
}
