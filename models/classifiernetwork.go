package models

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
)

// classifierNetwork reads a sequence, pools the hidden states of its blocks, and gives scores to classes.
type classifierNetwork[F params.Float] struct {
	embed   *layers.Embedding[F]      // nil: patches
	patches *layers.PatchEmbedding[F] // nil: embed
	residualBody[F]
	head   classHead[F]
	domain Domain
}

// newClassifier makes the table of token vectors, which has none for the classes, or the embedding of patches with
// learned positions; then the blocks of hybrid, with their names; then "score".
func newClassifier[F params.Float](s params.Set[F], c Classifier) Network[F] {
	n := &classifierNetwork[F]{domain: Domain{Vocab: c.Vocab, Classes: c.Classes, Head: s.Name("score.")}}
	var positions Block[F]
	inputs := -1 // positions of a sequence; -1: any number
	if c.Patch == "" {
		n.embed = newEmbedding(s.Sub("model"), "embeddings.weight", max(0, c.Vocab-c.Classes), &c.Stack)
	} else {
		high, wide, _ := size("patch", c.Patch) // Validate has checked both
		rows, columns, _ := size("image-size", c.Image)
		n.patches = layers.NewPatchEmbedding(s.Sub("patches"), rows, columns, high, wide, c.DEmb)
		n.domain.Length, n.domain.Patch = rows*columns, high*wide
		inputs = max(1, n.domain.Length/n.domain.Patch) // the size of the images is not known before FitClasses
		positions = layers.NewPositions(s.Sub("position"), inputs, c.DEmb)
	}
	n.residualBody = newLinearAttentionBody(s, c.LinearAttention, mixerOf[F](c.Hybrid))
	n.positions = positions
	n.head = newClassHead(s.Sub("score"), c, inputs)
	if c.Pool == "routing" {
		return &routedNetwork[F]{n}
	}
	return n
}

// Hidden implements Network. The positions of the hidden states are tokens or patches.
func (n *classifierNetwork[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	if n.patches == nil {
		return n.apply(g, n.embed.Forward(g, tokens)) // [B, T, D]
	}
	g.Ends, g.Padding = nil, nil                    // an image has no padding
	return n.apply(g, n.patches.Forward(g, tokens)) // [B, N, D]
}

// Scores implements Classifying.
func (n *classifierNetwork[F]) Scores(g *layers.Graph[F], hidden *G.Node) *G.Node {
	scores, _ := n.head.scores(g, hidden)
	return scores
}

// routedNetwork is a classifierNetwork whose head has routings.
type routedNetwork[F params.Float] struct{ *classifierNetwork[F] }

// Credit implements Crediting.
func (n *routedNetwork[F]) Credit(g *layers.Graph[F], hidden *G.Node) (scores *G.Node, credit []*G.Node) {
	return n.head.scores(g, hidden)
}

// Position implements Crediting.
func (n *routedNetwork[F]) Position(token int) int {
	if n.patches == nil {
		return token
	}
	return n.patches.Patch(token)
}

// Domain implements Classifying.
func (n *classifierNetwork[F]) Domain() Domain { return n.domain }
