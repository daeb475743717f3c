package main

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/rng"
)

// Leaky is a layers.Mixer: it maps x to W leaky integrators, and these and x itself to the result,
//
//	y = Integrate(x U^T) V^T + x S^T
type Leaky[F params.Float] struct {
	Up    *layers.Linear[F] // U [W, in]
	Decay *params.Param[F]  // p [W], of which sigmoid(p) is the decay
	Down  *layers.Linear[F] // V [out, W]
	Skip  *layers.Linear[F] // S [out, in]

	state string
}

var _ layers.Mixer[float32] = (*Leaky[float32])(nil)

// NewLeaky makes "up", "decay", "down" and "skip" for W = width integrators. At first they remember 2 to longest
// positions, spread evenly over the orders of magnitude.
func NewLeaky[F params.Float](s params.Set[F], in, width, out, longest int) *Leaky[F] {
	return &Leaky[F]{
		Up:    layers.NewLinear(s.Sub("up"), in, width, false),
		Decay: s.New("decay", params.Recurrent, memories(longest), width),
		Down:  layers.NewLinear(s.Sub("down"), width, out, false),
		Skip:  layers.NewLinear(s.Sub("skip"), in, out, false),
		state: s.Name("state"),
	}
}

// memories are p for decays of 1 - 1/m, with m from 2 to longest: sigmoid(p) = 1 - 1/m where p = ln(m-1).
func memories(longest int) params.Initial {
	return func(_ *rng.Stream, values []float64, _ []int) {
		for i := range values {
			m := 2 * math.Pow(float64(longest)/2, float64(i)/float64(max(1, len(values)-1)))
			values[i] = math.Log(m - 1)
		}
	}
}

// In implements layers.Mixer.
func (l *Leaky[F]) In() int { return l.Up.In() }

// Out implements layers.Mixer.
func (l *Leaky[F]) Out() int { return l.Down.Out() }

// Forward implements layers.Mixer.
func (l *Leaky[F]) Forward(g *layers.Graph[F], x *G.Node) *G.Node {
	carry := layers.StateOf(g, l.state, func() *Carry[F] { return NewCarry[F](g.Batch, l.Up.Out()) })
	y := Integrate(l.Up.Forward(g, x), g.Weight(l.Decay), g.Reset, carry) // [B, T, W]
	return l.Down.ForwardAdd(g, y, l.Skip.Forward(g, x), nil)             // [B, T, out]
}

func init() {
	layers.RegisterMixer(layers.MixerKind{
		Name:    "leaky",
		About:   "leaky integrators with learned decays",
		Float32: makeLeaky[float32],
		Float64: makeLeaky[float64],
	})
}

// makeLeaky makes a mixer of a pattern, with as many integrators as other mixers have channels.
func makeLeaky[F params.Float](s params.Set[F], c layers.MixerSizes) layers.Mixer[F] {
	return NewLeaky(s, c.Width, c.Heads*c.DHead, c.Width, 256)
}
