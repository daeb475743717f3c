package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// LogAttention is the mixer of the log-exp attention model (arXiv 2404.05843). It is softmax attention,
// computed without approximation at constant cost per token, whose similarity is the logarithm of a dot product
// of exponentials. Its values and results are logarithms; see ops.LogSelfAttention.
type LogAttention[F params.Float] struct {
	QKV *Linear[F] // [H*(2K+V), in], with bias: for each head its query, its key and the logarithms of its value

	heads, key, value int
	state             string
}

// NewLogAttention makes "weight" and "bias" of the projection in the part qkv, for H = heads with K = key
// numbers in each key and V = value numbers in each value. s names the state of the mixer. Both are parts of
// one set: in the paper's module, whose names these are, the projection is not a part of the attention.
func NewLogAttention[F params.Float](s, qkv params.Set[F], in, heads, key, value int) *LogAttention[F] {
	return &LogAttention[F]{QKV: NewLinear(qkv, in, heads*(2*key+value), true),
		heads: heads, key: key, value: value, state: s.Name("attention")}
}

// In implements Mixer.
func (l *LogAttention[F]) In() int { return l.QKV.In() }

// Out implements Mixer: H*V.
func (l *LogAttention[F]) Out() int { return l.heads * l.value }

// Forward maps x [B, T, in] to [B, T, H*V].
func (l *LogAttention[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	qkv := l.QKV.Forward(g, x) // [B, T, H*(2K+V)]
	carry := StateOf(g, l.state, func() *ops.LogCarry { return ops.NewLogCarry(g.Batch, l.heads, l.key, l.value, false) })
	return ops.LogSelfAttention[F](qkv, l.heads, l.key, g.Reset, carry)
}

var logKind = MixerKind{
	Name:    "log",
	About:   "log-exp softmax attention at constant cost per token",
	Options: []string{"d-value"},
	Float32: makeLog[float32],
	Float64: makeLog[float64],
}

func makeLog[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewLogAttention(s, s.Sub("qkv"), c.Width, c.Heads, c.DHead, c.DValue)
}
