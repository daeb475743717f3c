package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// RecurrentBlock is the residual block of the GOOM RNN (arXiv 2510.03426):
//
//	x + Linear(GLU(Mixer(LayerNorm(x))))
type RecurrentBlock[F params.Float] struct {
	Norm    *layers.LayerNorm[F]
	Mixer   layers.Mixer[F]    // from D to an even width 2E
	Out     *layers.Linear[F]  // [D, E], without bias
	Dropout *layers.Dropout[F] // of the branch added to x
}

// NewRecurrentBlock makes the block for activations of that width. Its parameters are "lnorm", those of the
// mixer, and "feedfwd.1". mixer gets the part of the set of the block. NewRecurrentBlock panics if the mixer
// does not fit.
func NewRecurrentBlock[F params.Float](s params.Set[F], width int, dropout float64, mixer func(s params.Set[F]) layers.Mixer[F]) *RecurrentBlock[F] {
	l := &RecurrentBlock[F]{
		Norm:    layers.NewLayerNorm(s.Sub("lnorm"), width),
		Mixer:   makeMixer(s, width, mixer),
		Dropout: layers.NewDropout(s, dropout),
	}
	if out := l.Mixer.Out(); out%2 != 0 {
		panic(fmt.Sprintf("models: the mixer of %q has width %d, want an even one for GLU", s.Name(""), out))
	}
	l.Out = layers.NewLinear(s.Sub("feedfwd.1"), l.Mixer.Out()/2, width, false)
	return l
}

// Forward implements Block.
func (l *RecurrentBlock[F]) Forward(g *layers.Graph[F], x *G.Node) *G.Node {
	y := layers.Mix(g, l.Mixer, l.Norm.Forward(g, x))       // [B, T, 2E]
	return l.Out.ForwardAdd(g, ops.GLU[F](y), x, l.Dropout) // [B, T, D]
}
