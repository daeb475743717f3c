package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// GELU is the Gaussian error linear unit in GPT-2's form, 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
// (arXiv 1606.08415), elementwise. Gradient: of x.
func GELU[F params.Float](x *G.Node) *G.Node {
	n := x.Shape().TotalSize()
	return activation[F]("GELU", x, x.Shape(), dense.NewGELU[F](n), func(s *gpu.Scope) deviceActivation { return kernels.NewGELU(s, n) })
}

// GLU is the gated linear unit a sigmoid(g) of the two halves of the last dimension: x [..., 2D] ->
// [..., D]. Gradient: of x.
func GLU[F params.Float](x *G.Node) *G.Node {
	rows, width := halves("GLU", x)
	return activation[F]("GLU", x, withWidth(x.Shape(), width), dense.NewGLU[F](rows, width), func(s *gpu.Scope) deviceActivation { return kernels.NewGLU(s, rows, width) })
}

// SwiGLU is the gated unit a g sigmoid(g) of the two halves of the last dimension (arXiv 2002.05202):
// x [..., 2D] -> [..., D]. Gradient: of x.
func SwiGLU[F params.Float](x *G.Node) *G.Node {
	rows, width := halves("SwiGLU", x)
	return activation[F]("SwiGLU", x, withWidth(x.Shape(), width), dense.NewSwiGLU[F](rows, width), func(s *gpu.Scope) deviceActivation { return kernels.NewSwiGLU(s, rows, width) })
}

// halves returns the shape [rows, width] of either half of the last dimension of x.
func halves(op string, x *G.Node) (rows, width int) {
	rows, width = split(x.Shape())
	if width%2 != 0 {
		panic(fmt.Sprintf("ops: %s: x has shape %v, want an even last dimension", op, x.Shape()))
	}
	return rows, width / 2
}

// deviceActivation is the kernel of an activation on a GPU.
type deviceActivation interface {
	Forward(y, x gpu.Ptr)
	Backward(dx, x, dy gpu.Ptr)
}

// activation is a function of one input whose gradient depends on that input only. onDevice makes its kernel on a GPU; nil:
// there is none.
func activation[F params.Float](name string, x *G.Node, out tensor.Shape, k interface {
	Forward(y, x []F)
	Backward(dx, x, dy []F)
}, onDevice func(s *gpu.Scope) deviceActivation) *G.Node {
	def := Definition[F]{
		Name:     name,
		Cut:      Positionwise,
		Inputs:   G.Nodes{x},
		Grads:    []Gradient{GradPrimary},
		Out:      out,
		Forward:  func(y []F, in Operands[F]) { k.Forward(y, in.Floats(0)) },
		Backward: func(grad [][]F, in Operands[F], _, dy []F) { k.Backward(grad[0], in.Floats(0), dy) },
	}
	if onDevice != nil {
		def.OnDevice = func(s *gpu.Scope) DeviceForm {
			k := onDevice(s)
			return DeviceForm{
				Forward:  func(y gpu.Ptr, in []gpu.Ptr) { k.Forward(y, in[0]) },
				Backward: func(grads, in []gpu.Ptr, _, dy gpu.Ptr) { k.Backward(grads[0], in[0], dy) },
			}
		}
	}
	return Apply(def)
}
