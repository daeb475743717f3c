package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// LayerNorm normalises the last dimension: (x - mean)/sqrt(variance + 1e-5) * weight + bias, with the
// population variance: x [..., D], weight, bias [D] -> [..., D]. Gradients: of all three.
func LayerNorm(x, weight, bias *G.Node) *G.Node {
	_, width := split(x.Shape())
	want("LayerNorm", "weight", weight, width)
	want("LayerNorm", "bias", bias, width)
	return dispatch(x,
		func() *G.Node { return layerNorm[float32](x, weight, bias) },
		func() *G.Node { return layerNorm[float64](x, weight, bias) })
}

func layerNorm[F simd.Float](x, weight, bias *G.Node) *G.Node {
	k := kernels.NewLayerNorm[F](split(x.Shape()))
	return apply(definition[F]{
		name:    "LayerNorm",
		inputs:  G.Nodes{x, weight, bias},
		grads:   []gradient{primary, side, side},
		out:     x.Shape(),
		forward: func(out []F, in operands[F]) { k.Forward(out, in.floats(0), in.floats(1), in.floats(2)) },
		backward: func(grad [][]F, in operands[F], _, dout []F) {
			k.Backward(grad[0], grad[1], grad[2], in.floats(0), in.floats(1), dout)
		},
	})
}
