package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// PatchEmbedding maps the patches of images to vectors (arXiv 2010.11929): pixels [B, R*C] of int32, gray values of 0 to
// 255 row by row, w [D, PR*PC], bias [D] -> [B, N, D]. The N = R/PR * C/PC patches of PR x PC pixels do not overlap; they
// and their pixels are in the order of reading. Gradients: of w and bias. PatchEmbedding panics unless patches of that
// size cover images of that number of rows.
func PatchEmbedding[F params.Float](pixels, w, bias *G.Node, rows, high, wide int) *G.Node {
	want("PatchEmbedding", "pixels", pixels, -1, -1)
	batch, size := pixels.Shape()[0], pixels.Shape()[1]
	if rows < 1 || high < 1 || wide < 1 || size%rows != 0 || rows%high != 0 || size/rows%wide != 0 {
		panic(fmt.Sprintf("ops: PatchEmbedding: patches of %d x %d in images of %d pixels in %d rows", high, wide, size, rows))
	}
	area := high * wide
	want("PatchEmbedding", "w", w, -1, area)
	width := w.Shape()[0]
	want("PatchEmbedding", "bias", bias, width)
	cut := dense.NewPatches[F](batch, rows, size/rows, high, wide)
	k := dense.NewLinear[F](batch*size/area, area, width, true)
	patches := make([]F, batch*size)
	return Apply(Definition[F]{
		Name:   "PatchEmbedding",
		Inputs: G.Nodes{pixels, w, bias},
		Grads:  []Gradient{GradNone, GradPrimary, GradSide},
		Out:    tensor.Shape{batch, size / area, width},
		Forward: func(out []F, in Operands[F]) {
			cut.Forward(patches, in.Indices(0))
			k.Forward(out, patches, in.Floats(1), in.Floats(2), nil)
		},
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(nil, grad[1], grad[2], patches, in.Floats(1), dout)
		},
	})
}
