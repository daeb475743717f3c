package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// GELU is the Gaussian error linear unit in GPT-2's form, 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
// (arXiv 1606.08415), element by element. Gradient: of x.
func GELU(x *G.Node) *G.Node {
	size := x.Shape().TotalSize()
	return dispatch(x,
		func() *G.Node { return activation("GELU", x, x.Shape(), kernels.NewGELU[float32](size)) },
		func() *G.Node { return activation("GELU", x, x.Shape(), kernels.NewGELU[float64](size)) })
}

// GLU is the gated linear unit a sigmoid(g) of the two halves of the last dimension: x [..., 2D] ->
// [..., D]. Gradient: of x.
func GLU(x *G.Node) *G.Node {
	rows, width := halves("GLU", x)
	out := withWidth(x.Shape(), width)
	return dispatch(x,
		func() *G.Node { return activation("GLU", x, out, kernels.NewGLU[float32](rows, width)) },
		func() *G.Node { return activation("GLU", x, out, kernels.NewGLU[float64](rows, width)) })
}

// SwiGLU is the gated unit a g sigmoid(g) of the two halves of the last dimension (arXiv 2002.05202):
// x [..., 2D] -> [..., D]. Gradient: of x.
func SwiGLU(x *G.Node) *G.Node {
	rows, width := halves("SwiGLU", x)
	out := withWidth(x.Shape(), width)
	return dispatch(x,
		func() *G.Node { return activation("SwiGLU", x, out, kernels.NewSwiGLU[float32](rows, width)) },
		func() *G.Node { return activation("SwiGLU", x, out, kernels.NewSwiGLU[float64](rows, width)) })
}

// halves is the shape [rows, width] of either half of x's last dimension.
func halves(op string, x *G.Node) (rows, width int) {
	rows, width = split(x.Shape())
	if width%2 != 0 {
		panic(fmt.Sprintf("ops: %s: x has shape %v, want an even last dimension", op, x.Shape()))
	}
	return rows, width / 2
}

// activation is a function of one input whose gradient needs nothing but that input.
func activation[F simd.Float](name string, x *G.Node, out tensor.Shape, k interface {
	Forward(y, x []F)
	Backward(dx, x, dy []F)
}) *G.Node {
	return apply(definition[F]{
		name:     name,
		inputs:   G.Nodes{x},
		grads:    []gradient{primary},
		out:      out,
		forward:  func(y []F, in operands[F]) { k.Forward(y, in.floats(0)) },
		backward: func(grad [][]F, in operands[F], _, dy []F) { k.Backward(grad[0], in.floats(0), dy) },
	})
}
