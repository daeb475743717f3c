package layers

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
)

// DeltaNet is the family of mixers whose state S [K, V] of a head is corrected by the delta rule: what the state
// has stored under a key is replaced, in the share beta, by a new value.
//
//	S <- a_t S        S <- S + beta_t k_t^T (v_t - k_t S), n times        o_t = q_t S / sqrt(K)
//
// Without decay (a_t = 1) and with n = 1 it is DeltaNet (arXiv 2406.06484), with decay Gated DeltaNet (arXiv
// 2412.06464), with n > 1 steps a token (Gated) DeltaProduct (arXiv 2502.10297). Names and shapes of the parameters
// are those of flash-linear-attention's layers, without the output projection o_proj, which is the block's.
type DeltaNet[F params.Float] struct {
	B             *Linear[F] // [n*HV, in]: beta before the sigmoid
	A             *Linear[F] // [HV, in]: decay; nil: none
	ALog, DtBias  *params.Param[F]
	Gate          *Linear[F]  // [HV*V, in]: output gate; nil: none
	Norm          *RMSNorm[F] // of each head's output
	query, key, v convLinear[F]

	sizes DeltaNetSizes
	state string
}

// DeltaNetSizes holds the sizes and options of a DeltaNet.
type DeltaNetSizes struct {
	In                   int // D
	KeyHeads, ValueHeads int // H, HV: value head j reads key head j div (HV/H)
	DKey, DValue         int // K, V
	Householders         int // n, delta steps a token
	ShortConv, ConvBias  bool
	NegativeEigenvalues  bool    // beta in (0, 2) instead of (0, 1) (arXiv 2411.12537)
	ForgetGate           bool    // decay
	OutputGate           bool    // the normalized output is multiplied by SiLU of a projection
	Epsilon              float64 // of the output norm
}

// NewDeltaNet makes "q_proj.weight", "k_proj.weight", "v_proj.weight", "b_proj.weight" and "o_norm.weight"; with
// short convolutions "q_conv1d.weight", "k_conv1d.weight" and "v_conv1d.weight" and their biases; with a forget gate
// "a_proj.weight", "A_log" and "dt_bias"; with an output gate "g_proj.weight". Channels of k and v are in the order
// (step, head, number).
func NewDeltaNet[F params.Float](s params.Set[F], c DeltaNetSizes) *DeltaNet[F] {
	if c.KeyHeads < 1 || c.ValueHeads%c.KeyHeads != 0 {
		panic(fmt.Sprintf("layers: DeltaNet has %d value heads and %d key heads, want a multiple", c.ValueHeads, c.KeyHeads))
	}
	n := c.Householders
	l := &DeltaNet[F]{sizes: c, state: s.Name("state"),
		query: newConvLinear(s, "q", c.In, c.KeyHeads*c.DKey, c.ShortConv, c.ConvBias, true),
		key:   newConvLinear(s, "k", c.In, n*c.KeyHeads*c.DKey, c.ShortConv, c.ConvBias, true),
		v:     newConvLinear(s, "v", c.In, n*c.ValueHeads*c.DValue, c.ShortConv, c.ConvBias, true),
		B:     NewLinear(s.Sub("b_proj"), c.In, n*c.ValueHeads, false),
		Norm:  NewRMSNorm(s.Sub("o_norm"), c.DValue, c.Epsilon),
	}
	if c.ForgetGate {
		l.A = NewLinear(s.Sub("a_proj"), c.In, c.ValueHeads, false)
		l.ALog = s.New("A_log", params.Vector, initialALog, c.ValueHeads)
		l.DtBias = s.New("dt_bias", params.Vector, initialDtBias, c.ValueHeads)
	}
	if c.OutputGate {
		l.Gate = NewLinear(s.Sub("g_proj"), c.In, c.ValueHeads*c.DValue, false)
	}
	return l
}

// initialALog is the logarithm of a number uniform in (0, 16).
func initialALog(r *rng.Stream, values []float64, _ []int) {
	for i := range values {
		values[i] = math.Log(16 * (1 - r.Float64())) // 1 - x is never 0
	}
}

// initialDtBias is the inverse softplus of a step of initialStep.
func initialDtBias(r *rng.Stream, values []float64, _ []int) {
	for i := range values {
		dt := initialStep(r)
		values[i] = dt + math.Log(-math.Expm1(-dt))
	}
}

// initialStep draws the size of a time step whose logarithm is uniform, from 0.001 to 0.1.
func initialStep(r *rng.Stream) float64 { return 0.001 * math.Pow(100, r.Float64()) }

// In implements Mixer.
func (l *DeltaNet[F]) In() int { return l.sizes.In }

// Out implements Mixer: HV*V.
func (l *DeltaNet[F]) Out() int { return l.sizes.ValueHeads * l.sizes.DValue }

// Forward maps x [B, T, in] to [B, T, HV*V].
func (l *DeltaNet[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	c := l.sizes
	size := ops.DeltaSizes{KeyHeads: c.KeyHeads, ValueHeads: c.ValueHeads, DKey: c.DKey, DValue: c.DValue, Steps: c.Householders}
	carry := StateOf(g, l.state, func() *ops.DeltaCarry[F] { return ops.NewDeltaCarry[F](g.Batch, size) })
	q := ops.L2Norm[F](l.query.forward(g, x), c.DKey) // [B, T, H*K]
	k := ops.L2Norm[F](l.key.forward(g, x), c.DKey)   // [B, T, n*H*K]
	v := l.v.forward(g, x)                            // [B, T, n*HV*V]
	largest := 1.0
	if c.NegativeEigenvalues {
		largest = 2
	}
	beta := ops.Sigmoid[F](l.B.Forward(g, x), largest) // [B, T, n*HV]
	var decay *G.Node                                  // [B, T, HV]
	if l.A != nil {
		decay = ops.SoftplusDecay[F](l.A.Forward(g, x), g.Weight(l.ALog), g.Weight(l.DtBias))
	}
	o := ops.DeltaRule[F](q, k, v, beta, decay, size, g.Reset, carry) // [B, T, HV*V]
	if l.Gate != nil {
		return l.Norm.ForwardGated(g, o, l.Gate.Forward(g, x))
	}
	return l.Norm.Forward(g, o)
}

var deltaKind = MixerKind{
	Name:    "delta",
	About:   "delta rule: a state corrected under each key",
	Options: []string{"d-value"},
	Float32: makeDelta[float32],
	Float64: makeDelta[float64],
}

func makeDelta[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewDeltaNet(s, deltaSizes(c, 1, false))
}

var gatedDeltaKind = MixerKind{
	Name:    "gated-delta",
	About:   "delta rule with a decay for each head and token",
	Options: []string{"d-value"},
	Float32: makeGatedDelta[float32],
	Float64: makeGatedDelta[float64],
}

func makeGatedDelta[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewDeltaNet(s, deltaSizes(c, 1, true))
}

var deltaProductKind = MixerKind{
	Name:    "delta-product",
	About:   "delta rule with several steps and a decay for each head and token",
	Options: []string{"d-value", "householders"},
	Float32: makeDeltaProduct[float32],
	Float64: makeDeltaProduct[float64],
}

func makeDeltaProduct[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewDeltaNet(s, deltaSizes(c, c.Householders, c.ForgetGate))
}

// deltaSizes returns the sizes of a DeltaNet of that many steps a token.
func deltaSizes(c MixerSizes, steps int, forget bool) DeltaNetSizes {
	return DeltaNetSizes{In: c.Width, KeyHeads: c.Heads, ValueHeads: c.Heads, DKey: c.DHead, DValue: c.DValue, Householders: steps,
		ShortConv: c.ShortConv, NegativeEigenvalues: c.NegativeEigenvalues, ForgetGate: forget, OutputGate: c.OutputGate, Epsilon: c.Epsilon}
}
