package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// PatchEmbedding maps the patches of images to vectors (arXiv 2010.11929).
type PatchEmbedding[F params.Float] struct {
	Linear     *Linear[F] // [D, PR*PC], with bias
	rows       int
	high, wide int
}

// NewPatchEmbedding makes "weight" and "bias" for images of that number of rows and patches of high x wide pixels.
func NewPatchEmbedding[F params.Float](s params.Set[F], rows, high, wide, width int) *PatchEmbedding[F] {
	return &PatchEmbedding[F]{Linear: NewLinear(s, high*wide, width, true), rows: rows, high: high, wide: wide}
}

// Forward maps the gray values of images [B, R*C] to the vectors of their patches [B, N, D]; see ops.PatchEmbedding.
func (l *PatchEmbedding[F]) Forward(g *Graph[F], pixels *G.Node) *G.Node {
	return ops.PatchEmbedding[F](pixels, g.Weight(l.Linear.Weight), g.Weight(l.Linear.Bias), l.rows, l.high, l.wide)
}
