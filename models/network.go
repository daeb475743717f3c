package models

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
)

// Network is a function from tokens to hidden states. Every network is also either Predicting or Classifying. Its
// methods add nodes to the given graph. They are called once for every graph: for each batch size and length, and for
// training, evaluation and streams.
type Network[F params.Float] interface {
	// Hidden maps tokens [B, T] to hidden states, [B, T, D] if the network is Predicting: position t must then depend
	// on tokens 0..t alone.
	Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node
}

// Predicting is a Network with a head, which may be the embedding (tied weights). It predicts the next token, or another
// target, at each position.
type Predicting[F params.Float] interface {
	Network[F]
	// Head returns the table that maps hidden states to logits.
	Head() *layers.Embedding[F]
}

// Classifying is a Network that gives scores to the classes of a whole sequence. Sequences have one counted target, the
// token of their class, at their last position, as those of data.Classes.
type Classifying[F params.Float] interface {
	Network[F]
	// Scores maps the hidden states to scores [B, C]. Ends of the graph has the last positions of the sequences.
	Scores(g *layers.Graph[F], hidden *G.Node) *G.Node
	// Domain returns what the network classifies.
	Domain() Domain
}

// Crediting is a Classifying network with routings, which tell what its scores come from.
type Crediting[F params.Float] interface {
	Classifying[F]
	// Credit returns the scores, and for each routing, from the hidden states to the classes, the credit [B, n, m] that
	// its m outputs give to its n inputs.
	Credit(g *layers.Graph[F], hidden *G.Node) (scores *G.Node, credit []*G.Node)
	// Position returns the position of the hidden states that a token is in.
	Position(token int) int
}

// A Domain is what a network classifies: sequences of the tokens 0 to Vocab-Classes-1. The further tokens of the
// vocabulary stand for the classes.
type Domain struct {
	Vocab   int // S, tokens and classes
	Classes int // C
	Length  int // of every sequence; 0: any
	Patch   int // tokens that are one position of the hidden states; 0: one

	// Head is what the names of the parameters that give scores to classes begin with. Take leaves those out whose shape
	// is another, as with another number of classes. "": none.
	Head string
}

// residualNetwork is the common form of the predicting models of this package: embedding, body, head.
type residualNetwork[F params.Float] struct {
	embed *layers.Embedding[F]
	residualBody[F]
	head *layers.Embedding[F] // nil: the embedding (tied weights)
}

// residualBody is what hidden states are made of: positions, dropout, residual blocks, norm.
type residualBody[F params.Float] struct {
	positions Block[F] // adds positions to the embeddings; nil: none
	dropout   *layers.Dropout[F]
	blocks    []Block[F]
	norm      norm[F]
}

// norm is a layer that normalizes the last dimension.
type norm[F params.Float] interface {
	Forward(g *layers.Graph[F], x *G.Node) *G.Node
}

// Head implements Predicting.
func (n *residualNetwork[F]) Head() *layers.Embedding[F] {
	if n.head != nil {
		return n.head
	}
	return n.embed
}

// Hidden implements Network.
func (n *residualNetwork[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	return n.apply(g, n.embed.Forward(g, tokens)) // [B, T, D]
}

// apply maps embeddings x [B, T, D] to hidden states [B, T, D].
func (n *residualBody[F]) apply(g *layers.Graph[F], x *G.Node) *G.Node {
	if n.positions != nil {
		x = n.positions.Forward(g, x) // [B, T, D]
	}
	x = n.dropout.Forward(g, x) // [B, T, D]
	g.Bound(x)
	for _, block := range n.blocks {
		x = block.Forward(g, x) // [B, T, D]
		g.Bound(x)
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
