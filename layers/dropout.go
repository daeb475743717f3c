package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// Dropout sets numbers to zero at random while a model is trained and scales the others by 1/(1-p), so
// that their mean stays (arXiv 1207.0580). In graphs other than those of NewTraining, and with p = 0 or
// a nil Dropout, it adds nothing to the graph. It has no parameters.
type Dropout[F params.Float] struct {
	p    float64
	site string
}

// NewDropout makes dropout with probability 0 <= p < 1. The name of the part of the set decides, with
// the noise of the graph, which numbers are dropped.
func NewDropout[F params.Float](s params.Set[F], p float64) *Dropout[F] {
	return &Dropout[F]{p: p, site: s.Name("dropout")}
}

func (l *Dropout[F]) off(g *Graph[F]) bool { return l == nil || l.p == 0 || g.noise == nil }

// Forward maps x [B, ...] to its shape.
func (l *Dropout[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	if l.off(g) {
		return x
	}
	return ops.Dropout[F](x, nil, l.p, l.site, g.noise)
}

// addLinear is residual plus what dropout leaves of the layer's output for x; a residual of nil is zero.
func (l *Dropout[F]) addLinear(g *Graph[F], layer *Linear[F], x, residual *G.Node) *G.Node {
	if l.off(g) {
		return layer.ForwardAdd(g, x, residual)
	}
	return ops.Dropout[F](layer.Forward(g, x), residual, l.p, l.site, g.noise)
}
