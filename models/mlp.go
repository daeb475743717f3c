package models

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// MLP is the multilayer perceptron of a TransformerBlock. It maps each position by itself.
type MLP[F params.Float] struct {
	In, Out *layers.Linear[F]
	Dropout *layers.Dropout[F] // of the branch added to the residual

	activation func(*G.Node) *G.Node
}

// NewGELUMLP makes "0" [hidden, width] and "2" [width, hidden], both with bias: Linear(GELU(Linear(x))).
func NewGELUMLP[F params.Float](s params.Set[F], width, hidden int, dropout float64) *MLP[F] {
	return &MLP[F]{
		In:         layers.NewLinear(s.Sub("0"), width, hidden, true),
		Out:        layers.NewLinear(s.Sub("2"), hidden, width, true),
		Dropout:    layers.NewDropout(s, dropout),
		activation: ops.GELU[F],
	}
}

// NewSwiGLUMLP makes "0" [2*hidden, width] and "2" [width, hidden], both without bias (arXiv 2002.05202):
// Linear(a * silu(g)), where a and g are the halves of Linear(x).
func NewSwiGLUMLP[F params.Float](s params.Set[F], width, hidden int, dropout float64) *MLP[F] {
	return &MLP[F]{
		In:         layers.NewLinear(s.Sub("0"), width, 2*hidden, false),
		Out:        layers.NewLinear(s.Sub("2"), hidden, width, false),
		Dropout:    layers.NewDropout(s, dropout),
		activation: ops.SwiGLU[F],
	}
}

// ForwardAdd returns residual + MLP(x), for x and residual [B, T, D].
func (l *MLP[F]) ForwardAdd(g *layers.Graph[F], x, residual *G.Node) *G.Node {
	return l.Out.ForwardAdd(g, l.activation(l.In.Forward(g, x)), residual, l.Dropout)
}
