package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// TaylorAttention is SoftmaxAttention with the first P terms of the Taylor series of its weights (arXiv
// 2602.00294); see ops.TaylorSelfAttention. In a streaming graph its state and its cost per token are constant:
// C(K+P-1, P-1) * (K+1) numbers a head.
type TaylorAttention[F params.Float] struct {
	QKV   *QKV[F]
	terms int // P
	state string
}

// NewTaylorAttention makes "qkv" for P = terms and H = heads of dimension width; see NewQKV.
func NewTaylorAttention[F params.Float](s params.Set[F], in, heads, width, terms int, rotary bool) *TaylorAttention[F] {
	return &TaylorAttention[F]{QKV: NewQKV(s, in, heads, width, rotary), terms: terms, state: s.Name("attention")}
}

// In implements Mixer.
func (l *TaylorAttention[F]) In() int { return l.QKV.Linear.In() }

// Out implements Mixer: H*K.
func (l *TaylorAttention[F]) Out() int { return l.QKV.heads * l.QKV.width }

// Forward maps x [B, T, in] to [B, T, H*K].
func (l *TaylorAttention[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	heads, width := l.QKV.heads, l.QKV.width
	qkv := l.QKV.Forward(g, x) // [B, T, 3*H*K]
	carry := StateOf(g, l.state, func() *ops.TaylorCarry[F] { return ops.NewTaylorCarry[F](g.Batch, heads, width, width, l.terms) })
	return ops.TaylorSelfAttention[F](qkv, heads, width, l.terms, g.Reset, carry)
}

var taylorKind = MixerKind{
	Name:    "taylor",
	About:   "Taylor-feature attention at constant cost per token",
	Options: []string{"taylor-terms"},
	Float32: makeTaylor[float32],
	Float64: makeTaylor[float64],
}

func makeTaylor[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewTaylorAttention(s, c.Width, c.Heads, c.DHead, c.TaylorTerms, true)
}
