package models

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
)

// Network is a function from tokens to hidden states, and a head, which may be the embedding (tied weights). Its methods add
// nodes to the given graph. They are called once for every graph: for each batch size and length, and for
// training, evaluation and streams.
type Network[F params.Float] interface {
	// Hidden maps tokens [B, T] to the hidden states [B, T, D] that the head reads. Position t must depend on
	// tokens 0..t alone.
	Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node
	// Head returns the table that maps hidden states to logits.
	Head() *layers.Embedding[F]
}

// residualNetwork is the common form of the models of this package: embedding, positions, dropout, residual
// blocks, norm, head.
type residualNetwork[F params.Float] struct {
	embed     *layers.Embedding[F]
	positions Block[F] // adds positions to the embeddings; nil: none
	dropout   *layers.Dropout[F]
	blocks    []Block[F]
	norm      norm[F]
	head      *layers.Embedding[F] // nil: the embedding (tied weights)
}

// norm is a layer that normalizes the last dimension.
type norm[F params.Float] interface {
	Forward(g *layers.Graph[F], x *G.Node) *G.Node
}

// Head implements Network.
func (n *residualNetwork[F]) Head() *layers.Embedding[F] {
	if n.head != nil {
		return n.head
	}
	return n.embed
}

// Hidden implements Network.
func (n *residualNetwork[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	x := n.embed.Forward(g, tokens) // [B, T, D]
	if n.positions != nil {
		x = n.positions.Forward(g, x) // [B, T, D]
	}
	x = n.dropout.Forward(g, x) // [B, T, D]
	for _, block := range n.blocks {
		x = block.Forward(g, x) // [B, T, D]
	}
	return n.norm.Forward(g, x) // [B, T, D]
}

// Context implements Bounded; only learned positions have a limit.
func (n *residualNetwork[F]) Context() int {
	if learned, ok := n.positions.(*layers.Positions[F]); ok {
		return learned.Table.Shape[0]
	}
	return 0
}
