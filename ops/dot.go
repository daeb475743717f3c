package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Dot is the scalar sum of x * w over all elements, for x and w of the same shape. It serves as a loss that is
// linear in x or, with random w, to test the gradient of x. Gradients: of both.
func Dot[F params.Float](x, w *G.Node) *G.Node {
	want("Dot", "w", w, x.Shape()...)
	k := dense.NewDot[F](x.Shape().TotalSize())
	return Apply(Definition[F]{
		Name:    "Dot",
		Cut:     Positionwise,
		Inputs:  G.Nodes{x, w},
		Grads:   []Gradient{GradPrimary, GradSide},
		Out:     tensor.Shape{},
		Forward: func(out []F, in Operands[F]) { out[0] = k.Forward(in.Floats(0), in.Floats(1)) },
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(grad[0], grad[1], in.Floats(0), in.Floats(1), dout[0])
		},
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewDot(s, x.Shape().TotalSize())
			return DeviceForm{
				Forward:  func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[0], in[1]) },
				Backward: func(grads, in []gpu.Ptr, _, dout gpu.Ptr) { k.Backward(grads[0], grads[1], in[0], in[1], dout) },
			}
		},
	})
}
