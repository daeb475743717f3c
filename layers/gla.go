package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// GLA is gated linear attention (arXiv 2312.06635): each key channel of the state S [K, V] of a head decays by a
// factor that depends on the token.
//
//	S <- diag(a_t) S + k_t^T v_t        o_t = q_t S / sqrt(K)        a_t = sigmoid(x W1 W2 + b)^(1/16)
//
// Names and shapes of the parameters are those of flash-linear-attention's GatedLinearAttention, without the output
// projection o_proj, which is the block's.
type GLA[F params.Float] struct {
	Decay0, Decay1 *Linear[F] // [16, in] and, with bias, [H*K, 16]
	linearAttention[F]
}

// decayRank is the rank of the map from activations to decays, and decayTemperature divides their logarithms, so that
// decays are near 1 at first.
const (
	decayRank        = 16
	decayTemperature = 16
)

// NewGLA makes "q_proj.weight", "k_proj.weight", "v_proj.weight", "gk_proj.0.weight", "gk_proj.1.weight",
// "gk_proj.1.bias", "g_proj.weight" and "g_norm_swish_gate.weight", and with short convolutions "q_conv1d.weight",
// "k_conv1d.weight" and "v_conv1d.weight". epsilon is that of the norm.
func NewGLA[F params.Float](s params.Set[F], in, heads, key, value int, shortConv bool, epsilon float64) *GLA[F] {
	return &GLA[F]{
		linearAttention: newLinearAttention(s, in, heads, key, value, shortConv, false, epsilon),
		Decay0:          NewLinear(s.Sub("gk_proj.0"), in, decayRank, false),
		Decay1:          NewLinear(s.Sub("gk_proj.1"), decayRank, heads*key, true),
	}
}

// Forward maps x [B, T, in] to [B, T, H*V].
func (l *GLA[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	decay := ops.LogSigmoid[F](l.Decay1.Forward(g, l.Decay0.Forward(g, x)), decayTemperature) // [B, T, H*K]
	return l.around(g, x, func(q, k, v *G.Node, carry *ops.GLACarry[F]) *G.Node {
		return ops.GLA[F](q, k, v, decay, l.size, g.Reset, carry)
	})
}

var glaKind = MixerKind{
	Name:    "gla",
	About:   "linear attention with a decay for each key channel",
	Options: []string{"d-value"},
	Float32: makeGLA[float32],
	Float64: makeGLA[float64],
}

func makeGLA[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewGLA(s, c.Width, c.Heads, c.DHead, c.DValue, c.ShortConv, c.Epsilon)
}
