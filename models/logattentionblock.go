package models

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// LogAttentionBlock is the residual block of the log-exp attention model (arXiv 2404.05843):
//
//	x + Linear(GLU(Linear(Mixer(LayerNorm(x)))))
type LogAttentionBlock[F params.Float] struct {
	Norm    *layers.LayerNorm[F]
	Mixer   layers.Mixer[F]    // from D to a width E
	Up      *layers.Linear[F]  // [2D, E], with bias
	Out     *layers.Linear[F]  // [D, D], without bias
	Dropout *layers.Dropout[F] // of the branch added to x
}

// NewLogAttentionBlock makes the block for activations of that width. Its parameters are "feedforward1.0"
// (norm), those of the mixer, and "feedforward2.0" and "feedforward2.2" (projections). mixer gets the part of
// the set of the block; the mixer of the paper has its own projection in "feedforward1.1". NewLogAttentionBlock
// panics if the mixer does not fit.
func NewLogAttentionBlock[F params.Float](s params.Set[F], width int, dropout float64, mixer func(s params.Set[F]) layers.Mixer[F]) *LogAttentionBlock[F] {
	l := &LogAttentionBlock[F]{
		Norm:    layers.NewLayerNorm(s.Sub("feedforward1.0"), width),
		Mixer:   makeMixer(s, width, mixer),
		Dropout: layers.NewDropout(s, dropout),
	}
	l.Up = layers.NewLinear(s.Sub("feedforward2.0"), l.Mixer.Out(), 2*width, true)
	l.Out = layers.NewLinear(s.Sub("feedforward2.2"), width, width, false)
	return l
}

// Forward implements Block.
func (l *LogAttentionBlock[F]) Forward(g *layers.Graph[F], x *G.Node) *G.Node {
	y := layers.Mix(g, l.Mixer, l.Norm.Forward(g, x))                        // [B, T, E]
	return l.Out.ForwardAdd(g, ops.GLU[F](l.Up.Forward(g, y)), x, l.Dropout) // [B, T, D]
}
