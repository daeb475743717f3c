package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/params"
)

// A Mixer is a layer that combines the positions of a sequence: a recurrence or an attention. Other layers map
// each position by itself. A block (see package models) adds norm, residual and output projection to a mixer,
// so that any mixer can be used in any block.
type Mixer[F params.Float] interface {
	// Forward maps x [B, T, In] to [B, T, Out]. Position t of the result depends on positions 0..t of x alone.
	// In a streaming graph the sequence continues where the last run ended: the mixer carries what it needs in
	// states (see StateOf), and reading a sequence in pieces gives the results of the whole. In a graph with Reset,
	// nothing before the beginning of a document may have an influence on it.
	Forward(g *Graph[F], x *G.Node) *G.Node
	// In and Out are the dimensions of x and of the result.
	In() int
	Out() int
}

// Mix adds a mixer to a graph. It is mixer.Forward(g, x), and panics if the graph has a Reset that the mixer does not
// read: documents would be mixed unnoticed.
func Mix[F params.Float](g *Graph[F], mixer Mixer[F], x *G.Node) *G.Node {
	y := mixer.Forward(g, x)
	if g.Reset != nil && !reads(g, y, x, map[*G.Node]bool{}) {
		panic(fmt.Sprintf("layers: a %T does not read Reset of the graph, where documents begin: it cannot be in a model whose documents are independent", mixer))
	}
	return y
}

// reads reports whether node y depends on Reset of the graph other than by x.
func reads[F params.Float](g *Graph[F], y, x *G.Node, seen map[*G.Node]bool) bool {
	if y == g.Reset || y == x || seen[y] {
		return y == g.Reset
	}
	seen[y] = true
	for n := g.From(y.ID()); n.Next(); {
		if reads(g, n.Node().(*G.Node), x, seen) {
			return true
		}
	}
	return false
}

var (
	_ Mixer[float32] = (*DeltaNet[float32])(nil)
	_ Mixer[float32] = (*GLA[float32])(nil)
	_ Mixer[float32] = (*GLUMixer[float32])(nil)
	_ Mixer[float32] = (*GOOMFull[float32])(nil)
	_ Mixer[float32] = (*GOOMHouseholder[float32])(nil)
	_ Mixer[float32] = (*GOOMSSM[float32])(nil)
	_ Mixer[float32] = (*GOOMTable[float32])(nil)
	_ Mixer[float32] = (*LSTM[float32])(nil)
	_ Mixer[float32] = (*LogAttention[float32])(nil)
	_ Mixer[float32] = (*Retention[float32])(nil)
	_ Mixer[float32] = (*S4D[float32])(nil)
	_ Mixer[float32] = (*SSD[float32])(nil)
	_ Mixer[float32] = (*SoftmaxAttention[float32])(nil)
	_ Mixer[float32] = (*TaylorAttention[float32])(nil)
	_ Mixer[float32] = (*WindowAttention[float32])(nil)
)
