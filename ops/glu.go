package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// GLU is the gated linear unit a*sigmoid(g) of the two halves of the last dimension: x [..., 2D] ->
// [..., D].
func GLU(x *G.Node) *G.Node {
	if _, width := split(x.Shape()); width%2 != 0 {
		panic(fmt.Sprintf("ops: GLU: x has shape %v, want an even last dimension", x.Shape()))
	}
	return dispatch(x,
		func() *G.Node { return glu[float32](x) },
		func() *G.Node { return glu[float64](x) })
}

func glu[F simd.Float](x *G.Node) *G.Node {
	rows, width := split(x.Shape())
	k := kernels.NewGLU[F](rows, width/2)
	return apply(definition[F]{
		name:    "GLU",
		inputs:  G.Nodes{x},
		grads:   []gradient{primary},
		out:     withWidth(x.Shape(), width/2),
		forward: func(out []F, in operands[F]) { k.Forward(out, in.floats(0)) },
		backward: func(grad [][]F, in operands[F], _, dout []F) {
			k.Backward(grad[0], in.floats(0), dout)
		},
	})
}
