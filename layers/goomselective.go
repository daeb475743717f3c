package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// goomHeads is the part that mixers over generalized orders of magnitude with transitions of their own for each token
// have in common. A state has H heads of R rows of width D; each head has its transition A_t [D, D]:
//
//	x_t = x_{t-1} A_t + u_t B        y_t = (e^2 x_t / max|x_t|) C + u_t D
//
// The maximum is that of a row. Nothing bounds the norm of A_t, and states need no stabilization.
type goomHeads[F params.Float] struct {
	InitStates *params.Param[F] // x_0 [H, R, D]
	goomMaps[F]
	state string
}

// newGOOMHeads makes "init_states", "B", "C" and "D". x_0 is standard normal: what a state tracks is how the tokens
// have moved it, so it must not be zero. It does not decay, and so is a Vector.
func newGOOMHeads[F params.Float](s params.Set[F], in, out, heads, rows, width int) goomHeads[F] {
	return goomHeads[F]{
		InitStates: s.New("init_states", params.Vector, params.Normal(1), heads, rows, width),
		goomMaps:   newGOOMMaps(s, in, out, heads*rows*width),
		state:      s.Name("state"),
	}
}

// forward maps u [B, T, in] to [B, T, out]. recurrence is one of ops.RecurrenceLinear and its siblings.
func (l goomHeads[F]) forward(g *Graph[F], u *G.Node, recurrence func(bu, x0 *G.Node, carry *ops.Carry[F]) *G.Node) *G.Node {
	shape := l.InitStates.Shape
	carry := StateOf(g, l.state, func() *ops.Carry[F] { return ops.NewCarry[F](g.Batch, shape[0]*shape[1], shape[2]) })
	return l.around(g, u, func(bu *G.Node) *G.Node { return recurrence(bu, g.Weight(l.InitStates), carry) })
}
