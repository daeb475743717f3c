package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// Carry is the state of a recurrence between two stretches of one sequence.
type Carry[F simd.Float] = kernels.Carry[F]

// Recurrence is the non-diagonal linear recurrence over generalized orders of magnitude
// (arXiv 2510.03426), read out by direction:
//
//	x_t = x_{t-1} A + u_t        z_t = e^2 * x_t / max_j |x_tj|
//
// u [B, T, N*D] (N hidden vectors of width D), a [D, D], x0 [N, D] -> z [B, T, N*D]. States may leave
// the float range by any factor. Gradients: of u, a and x0; the maximum is detached.
//
// carry is nil for training. With a carry (of B, N, D) the sequence goes on where the last run ended,
// and the carry receives the last state; it is detached: no gradient flows into it.
func Recurrence[F simd.Float](u, a, x0 *G.Node, carry *Carry[F]) *G.Node {
	want("Recurrence", "x0", x0, -1, -1)
	rows, width := x0.Shape()[0], x0.Shape()[1]
	want("Recurrence", "a", a, width, width)
	want("Recurrence", "u", u, -1, -1, rows*width)
	k := kernels.NewRecurrence[F](u.Shape()[0], u.Shape()[1], rows, width)
	return apply(definition[F]{
		name:   "Recurrence",
		inputs: G.Nodes{u, a, x0},
		grads:  []gradient{primary, side, side},
		out:    u.Shape(),
		forward: func(out []F, in operands[F]) {
			k.Forward(out, in.floats(0), in.floats(1), in.floats(2), carry)
		},
		backward: func(grad [][]F, _ operands[F], out, dout []F) {
			k.Backward(grad[0], grad[1], grad[2], out, dout)
		},
	})
}

// NewCarry returns the carry of sequences not begun: B = batch, N = rows hidden vectors of that width.
func NewCarry[F simd.Float](batch, rows, width int) *Carry[F] {
	return kernels.NewCarry[F](batch, rows, width)
}
