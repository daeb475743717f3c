package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/params"
)

// Reshape gives the numbers of x another shape, of the same size. Gradient: of x.
func Reshape[F params.Float](x *G.Node, shape ...int) *G.Node {
	if s := tensor.Shape(shape); s.TotalSize() != x.Shape().TotalSize() {
		panic(fmt.Sprintf("ops: Reshape: x has shape %v, want as many elements as %v", x.Shape(), s))
	}
	return Apply(Definition[F]{
		Name:     "Reshape",
		Inputs:   G.Nodes{x},
		Grads:    []Gradient{GradPrimary},
		Out:      shape,
		Forward:  func(out []F, in Operands[F]) { copy(out, in.Floats(0)) },
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) { copy(grad[0], dout) },
		OnDevice: func(s *gpu.Scope) DeviceForm {
			k := kernels.NewCopy(s, x.Shape().TotalSize())
			return DeviceForm{
				Forward:  func(out gpu.Ptr, in []gpu.Ptr) { k.Forward(out, in[0]) },
				Backward: func(grads, _ []gpu.Ptr, _, dout gpu.Ptr) { k.Forward(grads[0], dout) },
			}
		},
	})
}
