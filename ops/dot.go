package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// Dot is the scalar sum of x * w over all elements, for x and w of one shape: a loss that is linear in
// x, or, with random w, a probe of x's gradient. Gradients: of both.
func Dot(x, w *G.Node) *G.Node {
	want("Dot", "w", w, x.Shape()...)
	return dispatch(x,
		func() *G.Node { return dot[float32](x, w) },
		func() *G.Node { return dot[float64](x, w) })
}

func dot[F simd.Float](x, w *G.Node) *G.Node {
	k := kernels.NewDot[F](x.Shape().TotalSize())
	return apply(definition[F]{
		name:    "Dot",
		inputs:  G.Nodes{x, w},
		grads:   []gradient{primary, side},
		out:     tensor.Shape{},
		forward: func(out []F, in operands[F]) { out[0] = k.Forward(in.floats(0), in.floats(1)) },
		backward: func(grad [][]F, in operands[F], _, dout []F) {
			k.Backward(grad[0], grad[1], in.floats(0), in.floats(1), dout[0])
		},
	})
}
