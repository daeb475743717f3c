package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// GOOMSSM is the non-diagonal recurrent layer over generalized orders of magnitude
// (arXiv 2510.03426): N hidden vectors of width H, each multiplied by the same matrix A at every step,
//
//	x_t = x_{t-1} A + u_t B        y_t = (e^2 x_t / max|x_t|) C + u_t D
//
// without any stabilisation: states may leave the float range by any factor.
type GOOMSSM[F params.Float] struct {
	InitStates *params.Param[F] // x_0 [N, H]
	A          *params.Param[F] // [H, H]
	B          *params.Param[F] // [in, N*H]
	C          *params.Param[F] // [N*H, out]
	D          *params.Param[F] // [in, out]
	name       string
}

// NewGOOMSSM makes the parameters for N = hidden vectors of that width: A orthogonal with gain 0.99,
// B, C and D uniform within 1/sqrt(fan in), x_0 uniform within 0.1.
func NewGOOMSSM[F params.Float](s params.Set[F], in, out, hidden, width int) *GOOMSSM[F] {
	fanIn := func(n int) params.Initial { return params.Uniform(1 / math.Sqrt(float64(n))) }
	return &GOOMSSM[F]{
		InitStates: s.New("init_states", params.State, params.Uniform(0.1), hidden, width),
		A:          s.New("A", params.Recurrent, params.Orthogonal(0.99), width, width),
		B:          s.New("B", params.Matrix, fanIn(in), in, hidden*width),
		C:          s.New("C", params.Matrix, fanIn(hidden*width), hidden*width, out),
		D:          s.New("D", params.Matrix, fanIn(in), in, out),
		name:       s.Name("state"),
	}
}

// Forward maps u [B, T, in] to [B, T, out].
func (l *GOOMSSM[F]) Forward(g *Graph[F], u *G.Node) *G.Node {
	hidden, width := l.InitStates.Shape[0], l.InitStates.Shape[1]
	carry := stateOf(g, l.name, func() *ops.Carry[F] { return ops.NewCarry[F](g.Batch, hidden, width) })
	bu := ops.MatMul[F](u, g.Weight(l.B), nil)                                   // [B, T, N*H]
	z := ops.Recurrence[F](bu, g.Weight(l.A), g.Weight(l.InitStates), carry)     // [B, T, N*H]
	return ops.MatMul[F](z, g.Weight(l.C), ops.MatMul[F](u, g.Weight(l.D), nil)) // [B, T, out]
}

// RecurrentBlock is the residual block of the GOOM RNN: x + Linear(GLU(GOOMSSM(LayerNorm(x)))).
type RecurrentBlock[F params.Float] struct {
	Norm    *LayerNorm[F]
	SSM     *GOOMSSM[F]
	Out     *Linear[F]  // without bias
	Dropout *Dropout[F] // of what is added to x; nil: none
}

// NewRecurrentBlock makes the block for activations of that width, with N = hidden vectors of width
// hiddenWidth in its GOOMSSM.
func NewRecurrentBlock[F params.Float](s params.Set[F], width, hidden, hiddenWidth int) *RecurrentBlock[F] {
	return &RecurrentBlock[F]{
		Norm: NewLayerNorm(s.Sub("lnorm"), width),
		SSM:  NewGOOMSSM(s.Sub("ssm_over_gooms"), width, 2*width, hidden, hiddenWidth),
		Out:  NewLinear(s.Sub("feedfwd.1"), width, width, false),
	}
}

// Forward maps x [B, T, D] to [B, T, D].
func (l *RecurrentBlock[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	y := l.SSM.Forward(g, l.Norm.Forward(g, x))            // [B, T, 2D]
	return l.Dropout.addLinear(g, l.Out, ops.GLU[F](y), x) // [B, T, D]
}
