package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// SSD is linear attention with one decay for each head and token, the recurrence of Mamba-2 (arXiv 2405.21060):
//
//	S <- a_t S + k_t^T v_t        o_t = q_t S / sqrt(K)        a_t = sigmoid(x W + b)^(1/16)
//
// Names and shapes of the parameters are those of flash-linear-attention's SimpleGatedLinearAttention, without the
// output projection o_proj, which is the block's.
type SSD[F params.Float] struct {
	Decay *Linear[F] // [H, in], with bias
	linearAttention[F]
}

// NewSSD makes "q_proj.weight", "k_proj.weight", "v_proj.weight", "gk_proj.weight", "gk_proj.bias", "g_proj.weight" and
// "g_norm_swish_gate.weight", and with short convolutions "q_conv1d.weight", "k_conv1d.weight" and "v_conv1d.weight".
// epsilon is that of the norm.
func NewSSD[F params.Float](s params.Set[F], in, heads, key, value int, shortConv bool, epsilon float64) *SSD[F] {
	return &SSD[F]{
		linearAttention: newLinearAttention(s, in, heads, key, value, shortConv, false, epsilon),
		Decay:           NewLinear(s.Sub("gk_proj"), in, heads, true),
	}
}

// Forward maps x [B, T, in] to [B, T, H*V].
func (l *SSD[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	decay := ops.LogSigmoid[F](l.Decay.Forward(g, x), decayTemperature) // [B, T, H]
	return l.around(g, x, func(q, k, v *G.Node, carry *ops.GLACarry[F]) *G.Node {
		return ops.ScalarDecayAttention[F](q, k, v, decay, l.size, g.Reset, carry)
	})
}

var ssdKind = MixerKind{
	Name:    "ssd",
	About:   "linear attention with a decay for each head and token",
	Options: []string{"d-value"},
	Float32: makeSSD[float32],
	Float64: makeSSD[float64],
}

func makeSSD[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewSSD(s, c.Width, c.Heads, c.DHead, c.DValue, c.ShortConv, c.Epsilon)
}
