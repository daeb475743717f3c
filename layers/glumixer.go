package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// GLUMixer is a mixer with a gated linear unit behind it, which halves its dimension: a sigmoid(b) of the halves a and
// b of the result. Recurrences over generalized orders of magnitude have one in their papers' blocks.
type GLUMixer[F params.Float] struct{ Mixer Mixer[F] }

// NewGLUMixer returns the mixer with a gated linear unit. It panics if the dimension of the result is odd.
func NewGLUMixer[F params.Float](mixer Mixer[F]) *GLUMixer[F] {
	if mixer.Out()%2 != 0 {
		panic(fmt.Sprintf("layers: a mixer of dimension %d before a GLU, want an even one", mixer.Out()))
	}
	return &GLUMixer[F]{mixer}
}

// In implements Mixer.
func (l *GLUMixer[F]) In() int { return l.Mixer.In() }

// Out implements Mixer: half that of the mixer.
func (l *GLUMixer[F]) Out() int { return l.Mixer.Out() / 2 }

// Forward maps x [B, T, In] to [B, T, Out].
func (l *GLUMixer[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	return ops.GLU[F](l.Mixer.Forward(g, x))
}
