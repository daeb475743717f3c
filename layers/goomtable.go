package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
)

// GOOMTable is GOOMFull with a transition for each token of the vocabulary, A_t = A[token], whatever the activations
// are. It needs Graph.Tokens.
type GOOMTable[F params.Float] struct {
	A *params.Param[F] // [S, H*D*D]: head, row, column
	goomHeads[F]
}

// NewGOOMTable makes "init_states", "A", "B", "C" and "D" for S = vocab tokens and H = heads of R = rows of D = width
// numbers. Transitions are the identity plus normal numbers of deviation 0.5; the others are as in NewGOOMFull.
func NewGOOMTable[F params.Float](s params.Set[F], vocab, in, out, heads, rows, width int) *GOOMTable[F] {
	around := func(r *rng.Stream, values []float64, _ []int) {
		for i := range values {
			values[i] = transitionDeviation * r.NormFloat64()
			if at := i % (width * width); at/width == at%width {
				values[i]++
			}
		}
	}
	return &GOOMTable[F]{
		goomHeads: newGOOMHeads(s, in, out, heads, rows, width),
		A:         s.New("A", params.Embedding, around, vocab, heads*width*width),
	}
}

// Forward maps u [B, T, in] to [B, T, out].
func (l *GOOMTable[F]) Forward(g *Graph[F], u *G.Node) *G.Node {
	if g.Tokens == nil {
		panic(fmt.Sprintf("layers: %s looks up its transitions by token: set Graph.Tokens", l.A.Name))
	}
	return l.forward(g, u, func(bu, x0 *G.Node, carry *ops.Carry[F]) *G.Node {
		return ops.RecurrenceTable[F](bu, g.Tokens, g.Weight(l.A), x0, g.Reset, carry)
	})
}

var goomTableKind = MixerKind{
	Name:    "goom-table",
	About:   "recurrence over generalized orders of magnitude, a matrix for each token of the vocabulary",
	Float32: makeGOOMTable[float32],
	Float64: makeGOOMTable[float64],
}

func makeGOOMTable[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewGLUMixer[F](NewGOOMTable(s, c.Vocab, c.Width, 2*c.Width, c.Heads, 1, c.DHead))
}
