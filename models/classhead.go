package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// classHead maps the hidden states of sequences to scores of classes.
type classHead[F params.Float] interface {
	// scores maps hidden states [B, T, D] to scores [B, C] or [B, C, 1], and returns the credit of each of its routings
	// in their order, [B, n, m] of m outputs to n inputs. The first has the positions as inputs, the last the classes as
	// outputs.
	scores(g *layers.Graph[F], hidden *G.Node) (scores *G.Node, credit []*G.Node)
}

// newClassHead makes the head of -pool for sequences of that many positions, -1 for any number.
func newClassHead[F params.Float](s params.Set[F], c Classifier, inputs int) classHead[F] {
	if c.Pool == "routing" {
		return newRoutingHead(s, c, inputs)
	}
	return &linearHead[F]{c.Pool == "mean", layers.NewLinear(s, c.DEmb, c.Classes, true)}
}

// linearHead is a linear map of one vector of each sequence.
type linearHead[F params.Float] struct {
	mean  bool              // of all positions; otherwise the last
	score *layers.Linear[F] // [C, D], with bias
}

func (h *linearHead[F]) scores(g *layers.Graph[F], hidden *G.Node) (*G.Node, []*G.Node) {
	pool := ops.PoolLast[F]
	if h.mean {
		pool = ops.PoolMean[F]
	}
	return h.score.Forward(g, pool(hidden, g.Ends)), nil // [B, C]
}

// routingHead is a stack of vector routings (arXiv 2211.11754). The outputs of the last are the classes, each a vector of
// one number, its score.
type routingHead[F params.Float] struct{ routings []*layers.VectorRouting[F] }

func newRoutingHead[F params.Float](s params.Set[F], c Classifier, inputs int) *routingHead[F] {
	h := &routingHead[F]{}
	vectors, _ := c.routings() // Validate has checked them
	for i, outputs := range append(vectors, c.Classes) {
		o := layers.VectorRoutingOptions{In: inputs, Out: max(1, outputs), DIn: c.DEmb, DOut: c.DEmb, Iterations: or(c.Steps, 2), Normalize: true}
		if i == len(vectors) {
			o.DOut, o.Normalize = 1, false
		}
		h.routings = append(h.routings, layers.NewVectorRouting(s.Sub(fmt.Sprint(i)), o))
		inputs = outputs
	}
	return h
}

func (h *routingHead[F]) scores(g *layers.Graph[F], hidden *G.Node) (*G.Node, []*G.Node) {
	var credit []*G.Node
	mask := g.Padding
	for _, r := range h.routings {
		out, phi := r.Apply(g, hidden, mask) // [B, m, D], [B, n, m]
		hidden, mask = out, nil
		credit = append(credit, phi)
	}
	return hidden, credit // [B, C, 1]
}
