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
	Dropout *layers.Dropout[F] // of what is added to x
}

// NewLogAttentionBlock makes "feedforward1.0", the norm, what mixer makes, "feedforward2.0" and
// "feedforward2.2", the projections, for activations of that width. mixer gets the block's part of the set; the
// paper's has its own projection under "feedforward1.1". It panics on a mixer that does not fit.
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
	y := l.Mixer.Forward(g, l.Norm.Forward(g, x))                            // [B, T, E]
	return l.Out.ForwardAdd(g, ops.GLU[F](l.Up.Forward(g, y)), x, l.Dropout) // [B, T, D]
}
