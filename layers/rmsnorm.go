package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// RMSNorm divides rows of W numbers by the root of their mean square, then scales them (arXiv 1910.07467). A last
// dimension of m*W numbers is m rows, such as the heads of a mixer, which share the scales.
type RMSNorm[F params.Float] struct {
	Weight  *params.Param[F] // [W]
	Epsilon float64          // is added to the mean square
}

// NewRMSNorm makes "weight" of ones for rows of that width.
func NewRMSNorm[F params.Float](s params.Set[F], width int, epsilon float64) *RMSNorm[F] {
	return &RMSNorm[F]{Weight: s.New("weight", params.Vector, params.Constant(1), width), Epsilon: epsilon}
}

// Forward maps x [..., m*W] to the same shape.
func (l *RMSNorm[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	return ops.RMSNorm[F](x, g.Weight(l.Weight), l.Epsilon)
}

// ForwardGated returns Forward(x) * SiLU(gate), for x and gate [..., m*W].
func (l *RMSNorm[F]) ForwardGated(g *Graph[F], x, gate *G.Node) *G.Node {
	return ops.GatedRMSNorm[F](x, gate, g.Weight(l.Weight), l.Epsilon)
}
