package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// GOOMFull is the recurrent mixer over generalized orders of magnitude whose transitions are full matrices made from
// the token:
//
//	x_t = x_{t-1} A_t + u_t B        y_t = (e^2 x_t / max|x_t|) C + u_t D        A_t = I + u_t A
//
// Each of H heads has its own A_t [D, D], which multiplies the R rows of its state. Nothing bounds the norm of A_t. One
// layer can follow any finite automaton of up to D states.
type GOOMFull[F params.Float] struct {
	A *params.Param[F] // [in, H*D*D]: head, row, column
	goomHeads[F]
}

// NewGOOMFull makes "init_states", "A", "B", "C" and "D" for H = heads of R = rows of D = width numbers. A is normal
// with deviation 0.5/sqrt(in), B, C and D are uniform within 1/sqrt(fan in), x_0 is standard normal.
func NewGOOMFull[F params.Float](s params.Set[F], in, out, heads, rows, width int) *GOOMFull[F] {
	return &GOOMFull[F]{
		goomHeads: newGOOMHeads(s, in, out, heads, rows, width),
		A:         s.New("A", params.Matrix, params.Normal(transitionDeviation/math.Sqrt(float64(in))), in, heads*width*width),
	}
}

// transitionDeviation is the standard deviation of the elements of initial transitions around the identity.
const transitionDeviation = 0.5

// Forward maps u [B, T, in] to [B, T, out].
func (l *GOOMFull[F]) Forward(g *Graph[F], u *G.Node) *G.Node {
	return l.forward(g, u, func(bu, x0 *G.Node, carry *ops.Carry[F]) *G.Node {
		return ops.RecurrenceLinear[F](bu, u, g.Weight(l.A), x0, g.Reset, carry)
	})
}

var goomFullKind = MixerKind{
	Name:    "goom-full",
	About:   "recurrence over generalized orders of magnitude, a full matrix made from each token",
	Float32: makeGOOMFull[float32],
	Float64: makeGOOMFull[float64],
}

func makeGOOMFull[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewGLUMixer[F](NewGOOMFull(s, c.Width, 2*c.Width, c.Heads, 1, c.DHead))
}
