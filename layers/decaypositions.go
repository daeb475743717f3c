package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
)

// DecayPositions is a learned position embedding that is itself a recurrence (arXiv 2404.05843). With (c, l) =
// Linear(x), each channel adds ln p_t to the activation, where
//
//	p_t = sigmoid(c_t) p_{t-1} + exp(l_t)        p_0 = 1
//
// The input sets the rate at which a channel forgets, so sequences may have any length.
type DecayPositions[F params.Float] struct {
	Dense *Linear[F] // [2D, D], with bias
	state string
}

// NewDecayPositions makes "dense.weight" and "dense.bias" for activations of that width and standard deviation. Each p
// starts at the fixed point 1, half of which is forgotten at every position. The initial weights change the gates by about
// a half, so that positions show from the start which tokens are near.
func NewDecayPositions[F params.Float](s params.Set[F], width int, deviation float64) *DecayPositions[F] {
	dense := s.Sub("dense")
	half := func(_ *rng.Stream, values []float64, _ []int) {
		for i := range values[width:] {
			values[width+i] = -math.Ln2 // 1 = sigmoid(0) * 1 + exp(-ln 2)
		}
	}
	return &DecayPositions[F]{
		Dense: &Linear[F]{
			Weight: dense.New("weight", params.Matrix, params.Normal(0.5/(deviation*math.Sqrt(float64(width)))), 2*width, width),
			Bias:   dense.New("bias", params.Vector, half, 2*width),
		},
		state: s.Name("state"),
	}
}

// Forward adds the position embedding to x [B, T, D].
func (l *DecayPositions[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	carry := StateOf(g, l.state, func() *ops.LogScanCarry[F] { return ops.NewLogScanCarry[F](g.Batch, x.Shape()[2]) })
	return ops.AddLogScan[F](l.Dense.Forward(g, x), x, g.Reset, carry) // [B, T, D]
}
