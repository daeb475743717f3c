package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// SelfAttention mixes positions: each looks at itself and at those before it. It has one projection
// to queries, keys and values, and one from the heads' values back.
type SelfAttention[F params.Float] struct {
	QKV *Linear[F] // [3*H*K, D]: the queries of all heads, then their keys, then their values
	Out *Linear[F] // [D, H*K]

	Dropout *Dropout[F] // of the output; nil: none

	heads, width int
	rotary       bool
	name         string
	mix          func(g *Graph[F], qkv *G.Node) *G.Node
}

// NewSoftmaxAttention makes "qkv" and "out", both with bias, for H = heads of that width: causal
// softmax attention. With rotary, queries and keys are turned by their positions (arXiv 2104.09864).
// In a streaming graph it keeps all keys and values: its memory and its cost per token grow.
func NewSoftmaxAttention[F params.Float](s params.Set[F], in, heads, width int, rotary bool) *SelfAttention[F] {
	l := newSelfAttention(s, in, heads, width, rotary)
	l.mix = func(g *Graph[F], qkv *G.Node) *G.Node {
		cache := stateOf(g, l.name+"attention", func() *ops.KVCache[F] { return ops.NewKVCache[F](g.Batch, heads, width, width) })
		return ops.SoftmaxSelfAttention[F](qkv, heads, width, cache)
	}
	return l
}

// NewTaylorAttention makes "qkv" and "out" as NewSoftmaxAttention does, for attention whose weights are
// P = terms Taylor terms of softmax weights (arXiv 2602.00294). In a streaming graph its state and its
// cost per token are constant: C(K+P-1, P-1) * (K+1) numbers a head.
func NewTaylorAttention[F params.Float](s params.Set[F], in, heads, width, terms int, rotary bool) *SelfAttention[F] {
	l := newSelfAttention(s, in, heads, width, rotary)
	l.mix = func(g *Graph[F], qkv *G.Node) *G.Node {
		carry := stateOf(g, l.name+"attention", func() *ops.TaylorCarry[F] { return ops.NewTaylorCarry[F](g.Batch, heads, width, width, terms) })
		return ops.TaylorSelfAttention[F](qkv, heads, width, terms, carry)
	}
	return l
}

func newSelfAttention[F params.Float](s params.Set[F], in, heads, width int, rotary bool) *SelfAttention[F] {
	return &SelfAttention[F]{
		QKV:   NewLinear(s.Sub("qkv"), in, 3*heads*width, true),
		Out:   NewLinear(s.Sub("out"), heads*width, in, true),
		heads: heads, width: width, rotary: rotary, name: s.Name(""),
	}
}

// Forward maps x [B, T, D] to [B, T, D].
func (l *SelfAttention[F]) Forward(g *Graph[F], x *G.Node) *G.Node { return l.ForwardAdd(g, x, nil) }

// ForwardAdd is Forward plus residual [B, T, D].
func (l *SelfAttention[F]) ForwardAdd(g *Graph[F], x, residual *G.Node) *G.Node {
	qkv := l.QKV.Forward(g, x) // [B, T, 3*H*K]
	if l.rotary {
		position := stateOf(g, l.name+"rotary", func() *ops.Position { return new(ops.Position) })
		qkv = ops.Rotary[F](qkv, l.heads, l.width, position) // [B, T, 3*H*K]
	}
	return l.Dropout.addLinear(g, l.Out, l.mix(g, qkv), residual) // [B, T, D]
}

// MLP is the position-wise part of a transformer block.
type MLP[F params.Float] struct {
	In, Out *Linear[F]
	Dropout *Dropout[F] // of the output; nil: none

	activation func(*G.Node) *G.Node
}

// NewGELUMLP makes "0" [hidden, D] and "2" [D, hidden], both with bias: Linear(GELU(Linear(x))).
func NewGELUMLP[F params.Float](s params.Set[F], width, hidden int) *MLP[F] {
	return &MLP[F]{In: NewLinear(s.Sub("0"), width, hidden, true), Out: NewLinear(s.Sub("2"), hidden, width, true), activation: ops.GELU[F]}
}

// NewSwiGLUMLP makes "0" [2*hidden, D] and "2" [D, hidden], both without bias (arXiv 2002.05202):
// Linear(a * silu(g)), where a and g are the halves of Linear(x).
func NewSwiGLUMLP[F params.Float](s params.Set[F], width, hidden int) *MLP[F] {
	return &MLP[F]{In: NewLinear(s.Sub("0"), width, 2*hidden, false), Out: NewLinear(s.Sub("2"), hidden, width, false), activation: ops.SwiGLU[F]}
}

// ForwardAdd maps x [B, T, D] to [B, T, D], plus residual.
func (l *MLP[F]) ForwardAdd(g *Graph[F], x, residual *G.Node) *G.Node {
	return l.Dropout.addLinear(g, l.Out, l.activation(l.In.Forward(g, x)), residual)
}

// TransformerBlock is the pre-norm residual block: y = x + Attention(LayerNorm(x)), then
// y + MLP(LayerNorm(y)).
type TransformerBlock[F params.Float] struct {
	Norm1     *LayerNorm[F]
	Attention *SelfAttention[F]
	Norm2     *LayerNorm[F]
	MLP       *MLP[F]
}

// Forward maps x [B, T, D] to [B, T, D].
func (l *TransformerBlock[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	x = l.Attention.ForwardAdd(g, l.Norm1.Forward(g, x), x) // [B, T, D]
	return l.MLP.ForwardAdd(g, l.Norm2.Forward(g, x), x)    // [B, T, D]
}

// Positions is a learned vector for each position of a sequence, up to a longest length.
type Positions[F params.Float] struct {
	Table *params.Param[F] // [C, D]
	name  string
}

// NewPositions makes "weight" [context, D], normal with deviation 0.02.
func NewPositions[F params.Float](s params.Set[F], context, width int) *Positions[F] {
	return &Positions[F]{Table: s.New("weight", params.Positions, params.Normal(0.02), context, width), name: s.Name("state")}
}

// boundedPosition is the position of a sequence that has a longest length.
type boundedPosition struct {
	ops.Position
	context int
}

// Left is the number of positions that the sequence may still have; none after a restored position that
// is no position.
func (p *boundedPosition) Left() int {
	if next := p.Next(); next >= 0 && next < int64(p.context) {
		return p.context - int(next)
	}
	return 0
}

// Forward adds its vector to each position of x [B, T, D].
func (l *Positions[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	position := stateOf(g, l.name, func() *boundedPosition { return &boundedPosition{context: l.Table.Shape[0]} })
	if position == nil {
		return ops.AddPositions[F](x, g.Weight(l.Table), nil)
	}
	return ops.AddPositions[F](x, g.Weight(l.Table), &position.Position)
}
