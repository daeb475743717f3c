package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// SoftmaxAttention is the mixer of the standard transformer (arXiv 1706.03762): each position averages the
// values of itself and of the positions before it, with softmax weights. In a streaming graph it keeps the keys
// and values of all positions, so that its memory and its cost per token grow with the sequence.
type SoftmaxAttention[F params.Float] struct {
	QKV   *QKV[F]
	state string
}

// NewSoftmaxAttention makes "qkv" for H = heads of dimension width; see NewQKV.
func NewSoftmaxAttention[F params.Float](s params.Set[F], in, heads, width int, rotary bool) *SoftmaxAttention[F] {
	return &SoftmaxAttention[F]{QKV: NewQKV(s, in, heads, width, rotary), state: s.Name("attention")}
}

// In implements Mixer.
func (l *SoftmaxAttention[F]) In() int { return l.QKV.Linear.In() }

// Out implements Mixer: H*K.
func (l *SoftmaxAttention[F]) Out() int { return l.QKV.heads * l.QKV.width }

// Forward maps x [B, T, in] to [B, T, H*K].
func (l *SoftmaxAttention[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	heads, width := l.QKV.heads, l.QKV.width
	qkv := l.QKV.Forward(g, x) // [B, T, 3*H*K]
	cache := StateOf(g, l.state, func() *ops.KVCache[F] { return ops.NewKVCache[F](g.Batch, heads, width, width) })
	return ops.SoftmaxSelfAttention[F](qkv, heads, width, g.Reset, cache)
}

var softmaxKind = MixerKind{
	Name:    "softmax",
	About:   "softmax attention, whose cost per token grows with the sequence",
	Float32: makeSoftmax[float32],
	Float64: makeSoftmax[float64],
}

func makeSoftmax[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewSoftmaxAttention(s, c.Width, c.Heads, c.DHead, true)
}
