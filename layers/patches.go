package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// PatchEmbedding maps the patches of images to vectors (arXiv 2010.11929).
type PatchEmbedding[F params.Float] struct {
	Linear        *Linear[F] // [D, PR*PC], with bias
	rows, columns int
	high, wide    int
}

// NewPatchEmbedding makes "weight" and "bias" for images of rows x columns pixels and patches of high x wide pixels.
func NewPatchEmbedding[F params.Float](s params.Set[F], rows, columns, high, wide, width int) *PatchEmbedding[F] {
	return &PatchEmbedding[F]{Linear: NewLinear(s, high*wide, width, true), rows: rows, columns: columns, high: high, wide: wide}
}

// Patch returns the patch that a pixel is in; both are counted in the order of reading.
func (l *PatchEmbedding[F]) Patch(pixel int) int {
	r, c := pixel/l.columns, pixel%l.columns
	return r/l.high*(l.columns/l.wide) + c/l.wide
}

// Forward maps the gray values of images [B, R*C] to the vectors of their patches [B, N, D]; see ops.PatchEmbedding.
func (l *PatchEmbedding[F]) Forward(g *Graph[F], pixels *G.Node) *G.Node {
	return ops.PatchEmbedding[F](pixels, g.Weight(l.Linear.Weight), g.Weight(l.Linear.Bias), l.rows, l.high, l.wide)
}
