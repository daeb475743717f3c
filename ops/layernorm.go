package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// LayerNorm normalizes the last dimension: (x - mean)/sqrt(variance + 1e-5) * weight + bias, with the
// population variance: x [..., D], weight, bias [D] -> [..., D]. Gradients: of all three.
func LayerNorm[F params.Float](x, weight, bias *G.Node) *G.Node {
	rows, width := split(x.Shape())
	want("LayerNorm", "weight", weight, width)
	want("LayerNorm", "bias", bias, width)
	k := dense.NewLayerNorm[F](rows, width)
	return Apply(Definition[F]{
		Name:    "LayerNorm",
		Cut:     Positionwise,
		Inputs:  G.Nodes{x, weight, bias},
		Grads:   []Gradient{GradPrimary, GradSide, GradSide},
		Out:     x.Shape(),
		Forward: func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), in.Floats(1), in.Floats(2)) },
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(grad[0], grad[1], grad[2], in.Floats(0), in.Floats(1), dout)
		},
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewLayerNorm(s, rows, width)
			return DeviceForm{
				Forward: func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[0], in[1], in[2]) },
				Backward: func(grads, in []gpu.Ptr, _, dout gpu.Ptr) {
					k.Backward(grads[0], grads[1], grads[2], in[0], in[1], dout)
				},
			}
		},
	})
}
