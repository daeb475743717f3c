package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// ShortConv is the short causal convolution that linear attentions apply to queries, keys and values: each channel
// is a weighted sum of its last W positions, followed by SiLU. It lets a key see the token before it.
type ShortConv[F params.Float] struct {
	Weight *params.Param[F] // [C, 1, W]
	Bias   *params.Param[F] // [C], or nil
	state  string
}

// convWidth is W in all models of flash-linear-attention.
const convWidth = 4

// NewShortConv makes "weight" and, if bias is set, "bias", uniform within 1/sqrt(W) as in PyTorch, for W = 4.
func NewShortConv[F params.Float](s params.Set[F], channels int, bias bool) *ShortConv[F] {
	bound := params.Uniform(1 / math.Sqrt(convWidth))
	l := &ShortConv[F]{Weight: s.New("weight", params.Vector, bound, channels, 1, convWidth), state: s.Name("state")}
	if bias {
		l.Bias = s.New("bias", params.Vector, bound, channels)
	}
	return l
}

// Forward maps x [B, T, C] to [B, T, C].
func (l *ShortConv[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	channels := l.Weight.Shape[0]
	carry := StateOf(g, l.state, func() *ops.ConvCarry[F] { return ops.NewConvCarry[F](g.Batch, channels, convWidth) })
	var bias *G.Node
	if l.Bias != nil {
		bias = g.Weight(l.Bias)
	}
	return ops.ShortConv[F](x, g.Weight(l.Weight), bias, true, g.Reset, carry)
}

// convLinear is a projection NAME_proj without bias, followed by a short convolution NAME_conv1d or by SiLU, as
// flash-linear-attention makes queries, keys and values.
type convLinear[F params.Float] struct {
	linear *Linear[F]
	conv   *ShortConv[F] // nil: none
	silu   bool          // SiLU where there is no convolution
}

func newConvLinear[F params.Float](s params.Set[F], name string, in, out int, conv, convBias, silu bool) convLinear[F] {
	l := convLinear[F]{linear: NewLinear(s.Sub(name+"_proj"), in, out, false), silu: silu}
	if conv {
		l.conv = NewShortConv(s.Sub(name+"_conv1d"), out, convBias)
	}
	return l
}

// forward maps x [B, T, in] to [B, T, out].
func (l convLinear[F]) forward(g *Graph[F], x *G.Node) *G.Node {
	y := l.linear.Forward(g, x)
	switch {
	case l.conv != nil:
		return l.conv.Forward(g, y)
	case l.silu:
		return ops.SiLU[F](y)
	}
	return y
}
