package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// Dropout sets numbers to zero at random in training and scales the others by 1/(1-p), which keeps the mean
// (arXiv 1207.0580). It does nothing in a graph without noise or if p = 0. A nil Dropout has p = 0. It has no
// parameters.
type Dropout[F params.Float] struct {
	p    float64
	site string
}

// NewDropout returns dropout with probability 0 <= p < 1. The name of s and the noise of the graph determine
// which numbers are dropped, so every dropout of a model needs a part of the set of its own.
func NewDropout[F params.Float](s params.Set[F], p float64) *Dropout[F] {
	return &Dropout[F]{p: p, site: s.Name("dropout")}
}

// off reports whether dropout does nothing in the graph.
func (l *Dropout[F]) off(g *Graph[F]) bool { return l == nil || l.p == 0 || g.Noise() == nil }

// Forward maps x [B, ...] to the same shape.
func (l *Dropout[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	if l.off(g) {
		return x
	}
	return ops.Dropout[F](x, nil, l.p, l.site, g.Noise())
}
