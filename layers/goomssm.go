package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// GOOMSSM is the non-diagonal recurrent mixer over generalized orders of magnitude (arXiv 2510.03426). It has N
// hidden vectors of dimension H, which the same matrix A multiplies at every step:
//
//	x_t = x_{t-1} A + u_t B        y_t = (e^2 x_t / max|x_t|) C + u_t D
//
// The states need no stabilization: they may exceed the range of floats.
type GOOMSSM[F params.Float] struct {
	InitStates *params.Param[F] // x_0 [N, H]
	A          *params.Param[F] // [H, H]
	goomMaps[F]
	state string
}

// NewGOOMSSM makes "init_states", "A", "B", "C" and "D" for N = hidden vectors of dimension H = width. A is
// orthogonal with gain 0.99, B, C and D are uniform within 1/sqrt(fan in), x_0 is uniform within 0.1. The paper's
// PyTorch module also stores two constants, logarithms of identity matrices, which are skipped.
func NewGOOMSSM[F params.Float](s params.Set[F], in, out, hidden, width int) *GOOMSSM[F] {
	s.Skip("log_I")
	s.Skip("lmde.log_0s_atop_I")
	l := &GOOMSSM[F]{
		InitStates: s.New("init_states", params.State, params.Uniform(0.1), hidden, width),
		A:          s.New("A", params.Recurrent, params.Orthogonal(0.99), width, width),
		goomMaps:   newGOOMMaps(s, in, out, hidden*width),
		state:      s.Name("state"),
	}
	l.A.Vectors = hidden
	return l
}

// Forward maps u [B, T, in] to [B, T, out].
func (l *GOOMSSM[F]) Forward(g *Graph[F], u *G.Node) *G.Node {
	hidden, width := l.InitStates.Shape[0], l.InitStates.Shape[1]
	carry := StateOf(g, l.state, func() *ops.Carry[F] { return ops.NewCarry[F](g.Batch, hidden, width) })
	return l.around(g, u, func(bu *G.Node) *G.Node {
		return ops.Recurrence[F](bu, g.Weight(l.A), g.Weight(l.InitStates), g.Reset, carry)
	})
}

// goomMaps are the maps around a recurrence over generalized orders of magnitude, y = z C + u D, where z are the
// scaled states of the recurrence with inputs u B.
type goomMaps[F params.Float] struct {
	B *params.Param[F] // [in, N], N numbers a state
	C *params.Param[F] // [N, out]
	D *params.Param[F] // [in, out]
}

// newGOOMMaps makes "B", "C" and "D", uniform within 1/sqrt(fan in), for states of that many numbers.
func newGOOMMaps[F params.Float](s params.Set[F], in, out, numbers int) goomMaps[F] {
	fanIn := func(n int) params.Initial { return params.Uniform(1 / math.Sqrt(float64(n))) }
	return goomMaps[F]{
		B: s.New("B", params.Matrix, fanIn(in), in, numbers),
		C: s.New("C", params.Matrix, fanIn(numbers), numbers, out),
		D: s.New("D", params.Matrix, fanIn(in), in, out),
	}
}

// In implements Mixer.
func (l goomMaps[F]) In() int { return l.D.Shape[0] }

// Out implements Mixer.
func (l goomMaps[F]) Out() int { return l.D.Shape[1] }

// around maps u [B, T, in] to [B, T, out] with the states z [B, T, N] of a recurrence with inputs [B, T, N].
func (l goomMaps[F]) around(g *Graph[F], u *G.Node, recurrence func(bu *G.Node) *G.Node) *G.Node {
	z := recurrence(ops.MatMul[F](u, g.Weight(l.B), nil))                        // [B, T, N]
	return ops.MatMul[F](z, g.Weight(l.C), ops.MatMul[F](u, g.Weight(l.D), nil)) // [B, T, out]
}

var goomKind = MixerKind{
	Name:    "goom",
	About:   "recurrence over generalized orders of magnitude, one fixed matrix",
	Float32: makeGOOM[float32],
	Float64: makeGOOM[float64],
}

func makeGOOM[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewGLUMixer[F](NewGOOMSSM(s, c.Width, 2*c.Width, c.Heads, c.DHead))
}
