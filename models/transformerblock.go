package models

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
)

// TransformerBlock is the pre-norm residual block of transformers (arXiv 2002.04745):
//
//	y = x + Linear(Mixer(LayerNorm(x)))        y + MLP(LayerNorm(y))
type TransformerBlock[F params.Float] struct {
	Norm1   *layers.LayerNorm[F]
	Mixer   layers.Mixer[F]    // from D to a width E
	Out     *layers.Linear[F]  // [D, E], with bias
	Dropout *layers.Dropout[F] // of the branch added to x
	Norm2   *layers.LayerNorm[F]
	MLP     *MLP[F]
}

// NewTransformerBlock makes the block for activations of that width. Its parameters are "norm1", those of the
// mixer, "out", "norm2" and those of the MLP. mixer gets the part of the set of the block, mlp the part "mlp"
// of that. NewTransformerBlock panics if the mixer does not fit.
func NewTransformerBlock[F params.Float](s params.Set[F], width int, dropout float64,
	mixer func(s params.Set[F]) layers.Mixer[F], mlp func(s params.Set[F]) *MLP[F]) *TransformerBlock[F] {
	l := &TransformerBlock[F]{
		Norm1:   layers.NewLayerNorm(s.Sub("norm1"), width),
		Mixer:   makeMixer(s, width, mixer),
		Dropout: layers.NewDropout(s.Sub("attention"), dropout),
	}
	l.Out = layers.NewLinear(s.Sub("out"), l.Mixer.Out(), width, true)
	l.Norm2 = layers.NewLayerNorm(s.Sub("norm2"), width)
	l.MLP = mlp(s.Sub("mlp"))
	return l
}

// Forward implements Block.
func (l *TransformerBlock[F]) Forward(g *layers.Graph[F], x *G.Node) *G.Node {
	y := layers.Mix(g, l.Mixer, l.Norm1.Forward(g, x)) // [B, T, E]
	x = l.Out.ForwardAdd(g, y, x, l.Dropout)           // [B, T, D]
	return l.MLP.ForwardAdd(g, l.Norm2.Forward(g, x), x)
}
