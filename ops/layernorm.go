package ops

import (
	G "gorgonia.org/gorgonia"

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
		Inputs:  G.Nodes{x, weight, bias},
		Grads:   []Gradient{GradPrimary, GradSide, GradSide},
		Out:     x.Shape(),
		Forward: func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), in.Floats(1), in.Floats(2)) },
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(grad[0], grad[1], grad[2], in.Floats(0), in.Floats(1), dout)
		},
	})
}
