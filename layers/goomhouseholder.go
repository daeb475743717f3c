package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// GOOMHouseholder is GOOMFull with transitions that are a gate times n generalized reflections, all made from the
// token:
//
//	A_t = gamma_t H_1 .. H_n        H_j = I - beta_j k_j^T k_j / (k_j . k_j)        0 < beta_j < 2
//
// It has n (D + 1) + 1 numbers a token and head where GOOMFull has D^2. Permutations of n+1 things and rotations of
// space are products of a few reflections.
type GOOMHouseholder[F params.Float] struct {
	Key  *Linear[F] // [H*n*D, in], with bias
	Beta *Linear[F] // [H*n, in], with bias: before 2 sigmoid
	Gate *Linear[F] // [H, in], with bias: before the logarithm of the sigmoid
	goomHeads[F]
}

// NewGOOMHouseholder makes "init_states", "B", "C", "D", and "weight" and "bias" of "k", "beta" and "gate", for
// H = heads of R = rows of D = width numbers and n = reflections. The gates begin near 1.
func NewGOOMHouseholder[F params.Float](s params.Set[F], in, out, heads, rows, width, reflections int) *GOOMHouseholder[F] {
	l := &GOOMHouseholder[F]{
		goomHeads: newGOOMHeads(s, in, out, heads, rows, width),
		Key:       NewLinear(s.Sub("k"), in, heads*reflections*width, true),
		Beta:      NewLinear(s.Sub("beta"), in, heads*reflections, true),
		Gate:      NewLinear(s.Sub("gate"), in, heads, true),
	}
	for i := range l.Gate.Bias.Value {
		l.Gate.Bias.Value[i] += 4 // sigmoid(4) = 0.982
	}
	return l
}

// Forward maps u [B, T, in] to [B, T, out].
func (l *GOOMHouseholder[F]) Forward(g *Graph[F], u *G.Node) *G.Node {
	k, beta := l.Key.Forward(g, u), ops.Sigmoid[F](l.Beta.Forward(g, u), 2) // [B, T, H*n*D], [B, T, H*n]
	gate := ops.LogSigmoid[F](l.Gate.Forward(g, u), 1)                      // [B, T, H]
	return l.forward(g, u, func(bu, x0 *G.Node, carry *ops.Carry[F]) *G.Node {
		return ops.RecurrenceHouseholder[F](bu, k, beta, gate, x0, g.Reset, carry)
	})
}

var goomHouseholderKind = MixerKind{
	Name:    "goom-householder",
	About:   "recurrence over generalized orders of magnitude, a gated product of reflections made from each token",
	Options: []string{"householders"},
	Float32: makeGOOMHouseholder[float32],
	Float64: makeGOOMHouseholder[float64],
}

func makeGOOMHouseholder[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewGLUMixer[F](NewGOOMHouseholder(s, c.Width, 2*c.Width, c.Heads, 1, c.DHead, c.Householders))
}
