package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
)

// A Block is one step of a residual stream: it adds to its input what it computes from it. Each block of this
// package consists of a mixer, which may be any that fits, and of norm, output projection, dropout and
// residual.
type Block[F params.Float] interface {
	// Forward maps x [B, T, D] to [B, T, D].
	Forward(g *layers.Graph[F], x *G.Node) *G.Node
}

var (
	_ Block[float32] = (*RecurrentBlock[float32])(nil)
	_ Block[float32] = (*LogAttentionBlock[float32])(nil)
	_ Block[float32] = (*TransformerBlock[float32])(nil)
)

// makeMixer makes the mixer of a block of that width in the block's part of the set. It panics if the mixer
// reads another width.
func makeMixer[F params.Float](s params.Set[F], width int, mixer func(s params.Set[F]) layers.Mixer[F]) layers.Mixer[F] {
	m := mixer(s)
	if m.In() != width {
		panic(fmt.Sprintf("models: the mixer of %q reads activations of width %d, want %d", s.Name(""), m.In(), width))
	}
	return m
}
