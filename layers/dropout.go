package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// Dropout sets numbers to zero at random while a model is trained and scales the others by 1/(1-p), which keeps
// their mean (arXiv 1207.0580). It adds nothing to a graph without noise, nor with p = 0; a nil Dropout has
// p = 0. It has no parameters.
type Dropout[F params.Float] struct {
	p    float64
	site string
}

// NewDropout returns dropout of probability 0 <= p < 1. The name of the part of the set decides, with the noise
// of the graph, which numbers are dropped: no two dropouts of a model may have one part.
func NewDropout[F params.Float](s params.Set[F], p float64) *Dropout[F] {
	return &Dropout[F]{p: p, site: s.Name("dropout")}
}

// off reports whether dropout adds nothing to the graph.
func (l *Dropout[F]) off(g *Graph[F]) bool { return l == nil || l.p == 0 || g.Noise() == nil }

// Forward maps x [B, ...] to its shape.
func (l *Dropout[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	if l.off(g) {
		return x
	}
	return ops.Dropout[F](x, nil, l.p, l.site, g.Noise())
}
