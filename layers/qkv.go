package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// QKV projects each position to the queries, keys and values of H heads of dimension K, as softmax and Taylor
// attention need them. With rotary positions it also rotates queries and keys by their positions, so that their
// product depends only on the distance between them (arXiv 2104.09864).
type QKV[F params.Float] struct {
	Linear *Linear[F] // [3*H*K, in]: the queries of all heads, then their keys, then their values

	heads, width int
	rotary       bool
	state        string // of rotary positions
}

// NewQKV makes "qkv", with bias, for H = heads of dimension width.
func NewQKV[F params.Float](s params.Set[F], in, heads, width int, rotary bool) *QKV[F] {
	return &QKV[F]{Linear: NewLinear(s.Sub("qkv"), in, 3*heads*width, true),
		heads: heads, width: width, rotary: rotary, state: s.Name("rotary")}
}

// Forward maps x [B, T, in] to [B, T, 3*H*K].
func (l *QKV[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	qkv := l.Linear.Forward(g, x)
	if !l.rotary {
		return qkv
	}
	position := StateOf(g, l.state, func() *ops.Position { return new(ops.Position) })
	return ops.Rotary[F](qkv, 2*l.heads, l.width, position)
}
