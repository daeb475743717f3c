package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// GELU is the Gaussian error linear unit in GPT-2's form, 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
// (arXiv 1606.08415), element by element. Gradient: of x.
func GELU(x *G.Node) *G.Node {
	return dispatch(x,
		func() *G.Node { return gelu[float32](x) },
		func() *G.Node { return gelu[float64](x) })
}

func gelu[F simd.Float](x *G.Node) *G.Node {
	k := kernels.NewGELU[F](x.Shape().TotalSize())
	return apply(definition[F]{
		name:    "GELU",
		inputs:  G.Nodes{x},
		grads:   []gradient{primary},
		out:     x.Shape(),
		forward: func(out []F, in operands[F]) { k.Forward(out, in.floats(0)) },
		backward: func(grad [][]F, in operands[F], _, dout []F) {
			k.Backward(grad[0], in.floats(0), dout)
		},
	})
}

// SwiGLU is the gated unit a * g sigmoid(g) of the two halves of the last dimension (arXiv 2002.05202):
// x [..., 2D] -> [..., D]. Gradient: of x.
func SwiGLU(x *G.Node) *G.Node {
	if _, width := split(x.Shape()); width%2 != 0 {
		panic(fmt.Sprintf("ops: SwiGLU: x has shape %v, want an even last dimension", x.Shape()))
	}
	return dispatch(x,
		func() *G.Node { return swiGLU[float32](x) },
		func() *G.Node { return swiGLU[float64](x) })
}

func swiGLU[F simd.Float](x *G.Node) *G.Node {
	rows, width := split(x.Shape())
	k := kernels.NewSwiGLU[F](rows, width/2)
	return apply(definition[F]{
		name:    "SwiGLU",
		inputs:  G.Nodes{x},
		grads:   []gradient{primary},
		out:     withWidth(x.Shape(), width/2),
		forward: func(out []F, in operands[F]) { k.Forward(out, in.floats(0)) },
		backward: func(grad [][]F, in operands[F], _, dout []F) {
			k.Backward(grad[0], in.floats(0), dout)
		},
	})
}
