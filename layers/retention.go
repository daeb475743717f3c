package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// Retention is linear attention in which every head decays at a fixed rate gamma_h:
//
//	S <- gamma_h S + k_t^T v_t        o_t = q_t S / sqrt(K)
//
// NewRetention has the rates and rotary positions of retention (arXiv 2307.08621), NewLightning those of Lightning
// Attention-2 (arXiv 2401.04658). Names and shapes of the parameters are those of flash-linear-attention's
// MultiScaleRetention, without the output projection o_proj, which is the block's.
type Retention[F params.Float] struct {
	linearAttention[F]
	decays []float64 // [H] ln gamma_h
	rotary bool
	name   string // of the positions
}

// NewRetention makes "q_proj.weight", "k_proj.weight", "v_proj.weight", "g_proj.weight" and
// "g_norm_swish_gate.weight". Queries and keys are rotated by their positions, and gamma_h = 1 - 2^(-5-h). epsilon is
// that of the norm.
func NewRetention[F params.Float](s params.Set[F], in, heads, key, value int, epsilon float64) *Retention[F] {
	return newRetention(s, in, heads, key, value, epsilon, ops.RetentionDecays(heads), true)
}

// NewLightning makes the parameters of NewRetention. Queries, keys and values pass through SiLU and are not rotated;
// heads of later layers, layer of layers, decay more slowly.
func NewLightning[F params.Float](s params.Set[F], in, heads, key, value, layer, layers int, epsilon float64) *Retention[F] {
	return newRetention(s, in, heads, key, value, epsilon, ops.LightningDecays(heads, layer, layers), false)
}

func newRetention[F params.Float](s params.Set[F], in, heads, key, value int, epsilon float64, decays []float64, rotary bool) *Retention[F] {
	return &Retention[F]{linearAttention: newLinearAttention(s, in, heads, key, value, false, !rotary, epsilon),
		decays: decays, rotary: rotary, name: s.Name("rotary_")}
}

// Forward maps x [B, T, in] to [B, T, H*V].
func (l *Retention[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	return l.around(g, x, func(q, k, v *G.Node, carry *ops.GLACarry[F]) *G.Node {
		if l.rotary {
			q, k = l.rotate(g, q, "q"), l.rotate(g, k, "k")
		}
		return ops.FixedDecayAttention[F](q, k, v, l.decays, l.size, g.Reset, carry)
	})
}

func (l *Retention[F]) rotate(g *Graph[F], x *G.Node, name string) *G.Node {
	position := StateOf(g, l.name+name, func() *ops.Position { return new(ops.Position) })
	return ops.Rotary[F](x, l.size.Heads, l.size.DKey, position)
}

var retentionKind = MixerKind{
	Name:    "retention",
	About:   "linear attention with a fixed decay for each head",
	Options: []string{"d-value"},
	Float32: makeRetention[float32],
	Float64: makeRetention[float64],
}

func makeRetention[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewRetention(s, c.Width, c.Heads, c.DHead, c.DValue, c.Epsilon)
}

var lightningKind = MixerKind{
	Name:    "lightning",
	About:   "retention with the decays of Lightning Attention-2, slower in later layers",
	Options: []string{"d-value"},
	Float32: makeLightning[float32],
	Float64: makeLightning[float64],
}

func makeLightning[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewLightning(s, c.Width, c.Heads, c.DHead, c.DValue, c.Layer, c.Layers, c.Epsilon)
}
