package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// Embedding is a table of token vectors, S tokens of dimension D. It also serves as the head that maps hidden
// states to logits (tied weights).
type Embedding[F params.Float] struct {
	Table *params.Param[F] // [S, D]
}

// NewEmbedding makes a table of that name for S = vocab tokens of dimension D = width. Its initial values are normal with
// standard deviation 1/sqrt(D): token vectors have a length of about 1, and logits of normalized hidden states a deviation
// of about 1.
// Much smaller vectors, such as those of deviation 0.02 that are usual in larger models, disappear behind what the first
// blocks add to them, and a small model then needs hundreds of steps to learn more than the frequencies of the tokens.
func NewEmbedding[F params.Float](s params.Set[F], name string, vocab, width int) *Embedding[F] {
	return NewScaledEmbedding(s, name, vocab, width, 1/math.Sqrt(float64(width)))
}

// NewScaledEmbedding is NewEmbedding with that standard deviation.
func NewScaledEmbedding[F params.Float](s params.Set[F], name string, vocab, width int, deviation float64) *Embedding[F] {
	return &Embedding[F]{Table: s.New(name, params.Embedding, params.Normal(deviation), vocab, width)}
}

// Forward maps tokens [B, T] to their vectors [B, T, D].
func (l *Embedding[F]) Forward(g *Graph[F], tokens *G.Node) *G.Node {
	return ops.Embedding[F](tokens, g.Weight(l.Table))
}

// Logits maps x [..., D] to its dot products with all token vectors [..., S].
func (l *Embedding[F]) Logits(g *Graph[F], x *G.Node) *G.Node {
	return ops.Linear[F](x, g.Weight(l.Table), nil, nil)
}

// Loss returns the softmax cross-entropy of the logits of x [B, T, D] against targets [B, T], fused with the
// head; see ops.HeadLoss.
func (l *Embedding[F]) Loss(g *Graph[F], x, targets, weight *G.Node) (*G.Node, ops.Outcome) {
	return ops.HeadLoss[F](x, g.Weight(l.Table), targets, weight)
}

// Linear is y = x W^T (+ bias).
type Linear[F params.Float] struct {
	Weight *params.Param[F] // [out, in]
	Bias   *params.Param[F] // [out], or nil
}

// NewLinear makes "weight" and, if bias is set, "bias", uniform within 1/sqrt(in) as in PyTorch.
func NewLinear[F params.Float](s params.Set[F], in, out int, bias bool) *Linear[F] {
	bound := params.Uniform(1 / math.Sqrt(float64(in)))
	l := &Linear[F]{Weight: s.New("weight", params.Matrix, bound, out, in)}
	if bias {
		l.Bias = s.New("bias", params.Vector, bound, out)
	}
	return l
}

// In is the dimension of x.
func (l *Linear[F]) In() int { return l.Weight.Shape[1] }

// Out is the dimension of y.
func (l *Linear[F]) Out() int { return l.Weight.Shape[0] }

// Forward maps x [..., in] to [..., out].
func (l *Linear[F]) Forward(g *Graph[F], x *G.Node) *G.Node { return l.apply(g, x, nil) }

// ForwardAdd returns residual + dropout(Forward(x)), which is how a block adds to the residual stream. x is [B,
// ..., in] and residual [B, ..., out]. It is one op, or two with dropout. dropout may be nil.
func (l *Linear[F]) ForwardAdd(g *Graph[F], x, residual *G.Node, dropout *Dropout[F]) *G.Node {
	if dropout.off(g) {
		return l.apply(g, x, residual)
	}
	return ops.Dropout[F](l.Forward(g, x), residual, dropout.p, dropout.site, g.Noise())
}

// apply adds the op; a nil residual is zero.
func (l *Linear[F]) apply(g *Graph[F], x, residual *G.Node) *G.Node {
	var bias *G.Node
	if l.Bias != nil {
		bias = g.Weight(l.Bias)
	}
	return ops.Linear[F](x, g.Weight(l.Weight), bias, residual)
}

// LayerNorm normalizes the last dimension to mean 0 and variance 1, then scales and shifts it (arXiv
// 1607.06450).
type LayerNorm[F params.Float] struct {
	Weight, Bias *params.Param[F] // [D]
}

// NewLayerNorm makes "weight" of ones and "bias" of zeros.
func NewLayerNorm[F params.Float](s params.Set[F], width int) *LayerNorm[F] {
	return &LayerNorm[F]{
		Weight: s.New("weight", params.Vector, params.Constant(1), width),
		Bias:   s.New("bias", params.Vector, params.Constant(0), width),
	}
}

// Forward maps x [..., D] to [..., D].
func (l *LayerNorm[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	return ops.LayerNorm[F](x, g.Weight(l.Weight), g.Weight(l.Bias))
}

// Last maps x [B, T, D] to the last position of each sequence [B, D].
func Last[F params.Float](x *G.Node) *G.Node { return ops.Last[F](x) }
