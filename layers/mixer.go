package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/params"
)

// A Mixer is a layer that combines the positions of a sequence: a recurrence or an attention. Other layers map
// each position by itself. A block (see package models) adds norm, residual and output projection to a mixer,
// so that any mixer can be used in any block.
type Mixer[F params.Float] interface {
	// Forward maps x [B, T, In] to [B, T, Out]. Position t of the result depends on positions 0..t of x alone.
	// In a streaming graph the sequence continues where the last run ended: the mixer carries what it needs in
	// states (see StateOf), and reading a sequence in pieces gives the results of the whole.
	Forward(g *Graph[F], x *G.Node) *G.Node
	// In and Out are the dimensions of x and of the result.
	In() int
	Out() int
}

var (
	_ Mixer[float32] = (*DeltaNet[float32])(nil)
	_ Mixer[float32] = (*GLA[float32])(nil)
	_ Mixer[float32] = (*GLUMixer[float32])(nil)
	_ Mixer[float32] = (*GOOMFull[float32])(nil)
	_ Mixer[float32] = (*GOOMHouseholder[float32])(nil)
	_ Mixer[float32] = (*GOOMSSM[float32])(nil)
	_ Mixer[float32] = (*GOOMTable[float32])(nil)
	_ Mixer[float32] = (*LogAttention[float32])(nil)
	_ Mixer[float32] = (*Retention[float32])(nil)
	_ Mixer[float32] = (*S4D[float32])(nil)
	_ Mixer[float32] = (*SSD[float32])(nil)
	_ Mixer[float32] = (*SoftmaxAttention[float32])(nil)
	_ Mixer[float32] = (*TaylorAttention[float32])(nil)
	_ Mixer[float32] = (*WindowAttention[float32])(nil)
)
