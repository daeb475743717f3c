package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/recurrence"
	"goomtrain/params"
)

// Carry is the state of a recurrence between two parts of a sequence.
type Carry[F params.Float] = recurrence.Carry[F]

// Recurrence is the non-diagonal linear recurrence over generalized orders of magnitude (arXiv 2510.03426). Its
// result is the direction of the states:
//
//	x_t = x_{t-1} A + u_t        z_t = e^2 * x_t / max_j |x_tj|
//
// u [B, T, N*D] (N hidden vectors of width D), a [D, D], x0 [N, D] -> z [B, T, N*D]. States may exceed the
// range of floats. Gradients: of u, a and x0; the maximum is detached.
//
// reset is nil, or int32 [B, T]: where it is not 0, the state is x_0 before that step, because a new document begins.
//
// carry is nil for training. With a carry (of B, N, D) the sequence continues where the last run ended, and the
// carry receives the last state. It is detached: no gradient flows into it.
func Recurrence[F params.Float](u, a, x0, reset *G.Node, carry *Carry[F]) *G.Node {
	want("Recurrence", "x0", x0, -1, -1)
	rows, width := x0.Shape()[0], x0.Shape()[1]
	want("Recurrence", "a", a, width, width)
	want("Recurrence", "u", u, -1, -1, rows*width)
	k := recurrence.New[F](u.Shape()[0], u.Shape()[1], rows, width)
	var parts *recurrenceParts[F] // nil: sequences are whole
	def := Definition[F]{
		Name:   "Recurrence",
		Inputs: G.Nodes{u, a, x0},
		Grads:  []Gradient{GradPrimary, GradSide, GradSide},
		Out:    u.Shape(),
		Backward: func(grad [][]F, _ Operands[F], out, dout []F) {
			k.Backward(grad[0], grad[1], grad[2], out, dout, parts.arrive(dout))
		},
	}
	if reset == nil && carry == nil {
		def.Cut = func(p *Part) { parts = newRecurrenceParts(p, k, u.Shape()[0], rows, width) }
	}
	starts := resettable(&def, reset, u.Shape()[0], u.Shape()[1])
	if carry == nil {
		batch, time := u.Shape()[0], u.Shape()[1]
		def.OnDevice = func(s *gpu.Scope) DeviceForm {
			k := kernels.NewRecurrence(s, batch, time, rows, width)
			return DeviceForm{
				Forward: func(out gpu.Ptr, in []gpu.Ptr) {
					starts := gpu.Ptr(0)
					if reset != nil {
						starts = in[3]
					}
					k.Forward(out, in[0], in[1], in[2], starts)
				},
				Backward: func(grads, _ []gpu.Ptr, out, dout gpu.Ptr) {
					k.Backward(grads[0], grads[1], grads[2], out, dout)
				},
			}
		}
	}
	def.Forward = func(out []F, in Operands[F]) {
		from := carry
		if parts != nil {
			from = parts.enter(in.Floats(0), in.Floats(1), in.Floats(2))
		}
		k.Forward(out, in.Floats(0), in.Floats(1), in.Floats(2), starts(in), from)
	}
	return Apply(def)
}

// NewCarry returns the carry at the beginning of B = batch sequences, for N = rows hidden vectors of that
// width.
func NewCarry[F params.Float](batch, rows, width int) *Carry[F] {
	return recurrence.NewCarry[F](batch, rows, width)
}
