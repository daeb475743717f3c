package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/simd"
)

// Last takes the last position of each sequence: x [B, T, D] -> [B, D].
func Last(x *G.Node) *G.Node {
	want("Last", "x", x, -1, -1, -1)
	return dispatch(x,
		func() *G.Node { return last[float32](x) },
		func() *G.Node { return last[float64](x) })
}

func last[F simd.Float](x *G.Node) *G.Node {
	s := x.Shape()
	time, width := s[1], s[2]
	return apply(definition[F]{
		name:   "Last",
		inputs: G.Nodes{x},
		grads:  []gradient{primary},
		out:    tensor.Shape{s[0], width},
		forward: func(out []F, in operands[F]) {
			for b := range s[0] {
				copy(out[b*width:(b+1)*width], in.floats(0)[((b+1)*time-1)*width:])
			}
		},
		backward: func(grad [][]F, _ operands[F], _, dout []F) {
			clear(grad[0])
			for b := range s[0] {
				copy(grad[0][((b+1)*time-1)*width:], dout[b*width:(b+1)*width])
			}
		},
	})
}
