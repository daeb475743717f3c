package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// linearAttention is what GLA, SSD and Retention have in common, in the names of flash-linear-attention: projections to
// queries, keys and values, the state of each head, and the norm of the output with its gate. They differ in the decay.
type linearAttention[F params.Float] struct {
	Gate    *Linear[F]  // [H*V, in]: output gate
	Norm    *RMSNorm[F] // of each head's output
	q, k, v convLinear[F]

	in    int
	size  ops.GLASizes
	state string
}

// newLinearAttention makes "q_proj.weight", "k_proj.weight", "v_proj.weight", "g_proj.weight" and
// "g_norm_swish_gate.weight", and with short convolutions "q_conv1d.weight", "k_conv1d.weight" and "v_conv1d.weight".
// Without them, silu says whether SiLU takes their place.
func newLinearAttention[F params.Float](s params.Set[F], in, heads, key, value int, shortConv, silu bool, epsilon float64) linearAttention[F] {
	return linearAttention[F]{in: in, size: ops.GLASizes{Heads: heads, DKey: key, DValue: value}, state: s.Name("state"),
		q:    newConvLinear(s, "q", in, heads*key, shortConv, false, silu),
		k:    newConvLinear(s, "k", in, heads*key, shortConv, false, silu),
		v:    newConvLinear(s, "v", in, heads*value, shortConv, false, silu),
		Gate: NewLinear(s.Sub("g_proj"), in, heads*value, false),
		Norm: NewRMSNorm(s.Sub("g_norm_swish_gate"), value, epsilon),
	}
}

// In implements Mixer.
func (l *linearAttention[F]) In() int { return l.in }

// Out implements Mixer: H*V.
func (l *linearAttention[F]) Out() int { return l.size.Heads * l.size.DValue }

// around maps x [B, T, in] to [B, T, H*V]. attend is one of ops.GLA and its siblings, for queries and keys [B, T, H*K]
// and values [B, T, H*V].
func (l *linearAttention[F]) around(g *Graph[F], x *G.Node, attend func(q, k, v *G.Node, carry *ops.GLACarry[F]) *G.Node) *G.Node {
	carry := StateOf(g, l.state, func() *ops.GLACarry[F] { return ops.NewGLACarry[F](g.Batch, l.size) })
	o := attend(l.q.forward(g, x), l.k.forward(g, x), l.v.forward(g, x), carry)
	return l.Norm.ForwardGated(g, o, l.Gate.Forward(g, x))
}
