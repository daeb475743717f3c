package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/params"
)

// Last takes the last position of each sequence: x [B, T, D] -> [B, D].
func Last[F params.Float](x *G.Node) *G.Node {
	want("Last", "x", x, -1, -1, -1)
	s := x.Shape()
	time, width := s[1], s[2]
	return Apply(Definition[F]{
		Name:   "Last",
		Inputs: G.Nodes{x},
		Grads:  []Gradient{GradPrimary},
		Out:    tensor.Shape{s[0], width},
		Forward: func(out []F, in Operands[F]) {
			for b := range s[0] {
				copy(out[b*width:(b+1)*width], in.Floats(0)[((b+1)*time-1)*width:])
			}
		},
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) {
			clear(grad[0])
			for b := range s[0] {
				copy(grad[0][((b+1)*time-1)*width:], dout[b*width:(b+1)*width])
			}
		},
	})
}
