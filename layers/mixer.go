package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/params"
)

// A Mixer is a layer in which the positions of a sequence see each other: a recurrence or an attention. All
// other layers map each position by itself. A block (see package models) puts norm, residual and output
// projection around it, so any mixer can stand in any block.
type Mixer[F params.Float] interface {
	// Forward maps x [B, T, In] to [B, T, Out]. Position t of the result depends on positions 0..t of x alone.
	// In a streaming graph the sequence goes on where the last run ended: the mixer carries what it needs in
	// states of its own (see StateOf), and the results of a sequence read in pieces are those of the whole.
	Forward(g *Graph[F], x *G.Node) *G.Node
	// In and Out are the widths of x and of the result.
	In() int
	Out() int
}

var (
	_ Mixer[float32] = (*GOOMSSM[float32])(nil)
	_ Mixer[float32] = (*LogAttention[float32])(nil)
	_ Mixer[float32] = (*SoftmaxAttention[float32])(nil)
	_ Mixer[float32] = (*TaylorAttention[float32])(nil)
)
