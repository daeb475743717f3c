package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels/s4d"
	"goomtrain/params"
)

// S4DCarry is the state of an S4D between two parts of a sequence.
type S4DCarry[F params.Float] = s4d.Carry[F]

// NewS4DCarry returns the carry at the beginning of B = batch sequences of H = channels of N/2 = modes complex modes.
func NewS4DCarry[F params.Float](batch, channels, modes int) *S4DCarry[F] {
	return s4d.NewCarry[F](batch, channels, modes)
}

// S4D is the diagonal state-space model (arXiv 2206.11893). Every channel has N/2 complex modes:
//
//	dt = e^logDt    A = -e^logAReal + i aImag    s_t = e^(dt A) s_{t-1} + (e^(dt A) - 1)/A u_t
//	y_t = 2 Re(sum over modes of C s_t) + D u_t
//
// u [B, T, H], logDt [H], logAReal, aImag [H, N/2], c [H, N/2, 2] (real and imaginary parts), d [H] -> y [B, T, H].
// Gradients: of all.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// carry is nil for training. With a carry (of B, H, N/2) the sequence continues where the last run ended, and the carry
// receives the last state. It is detached: no gradient flows into it.
func S4D[F params.Float](u, logDt, logAReal, aImag, c, d, reset *G.Node, carry *S4DCarry[F]) *G.Node {
	want("S4D", "u", u, -1, -1, -1)
	s := u.Shape()
	want("S4D", "logDt", logDt, s[2])
	want("S4D", "logAReal", logAReal, s[2], -1)
	modes := logAReal.Shape()[1]
	want("S4D", "aImag", aImag, s[2], modes)
	want("S4D", "c", c, s[2], modes, 2)
	want("S4D", "d", d, s[2])
	k := s4d.New[F](s[0], s[1], s[2], modes)
	parameters := func(in Operands[F]) s4d.Parameters[F] {
		return s4d.Parameters[F]{LogDt: in.Floats(1), LogAReal: in.Floats(2), AImag: in.Floats(3), C: in.Floats(4), D: in.Floats(5)}
	}
	var relay *relay[*S4DCarry[F]] // nil: sequences are whole
	var first, last []F            // gradients of the relay
	def := Definition[F]{
		Name:   "S4D",
		Inputs: G.Nodes{u, logDt, logAReal, aImag, c, d},
		Grads:  []Gradient{GradPrimary, GradSide, GradSide, GradSide, GradSide, GradSide},
		Out:    s,
		Forward: func(y []F, in Operands[F]) {
			k.Forward(y, in.Floats(0), parameters(in), relay.enter(carry))
			relay.leave()
		},
		Backward: func(grad [][]F, in Operands[F], _, dy []F) {
			relay.arrive()
			k.Backward(s4d.Parameters[F]{LogDt: grad[1], LogAReal: grad[2], AImag: grad[3], C: grad[4], D: grad[5]}, grad[0], first, in.Floats(0), dy, last)
			relay.depart()
		},
	}
	if carry == nil {
		def.Cut = func(p *Part) {
			relay = newRelay(p, func() *S4DCarry[F] { return NewS4DCarry[F](s[0], s[2], modes) })
			first, last = relay.first.State(), relay.last.State()
		}
	}
	return Apply(ByDocument(def, reset, k.Resize, carry != nil, 1, 2, 3, 4, 5))
}

// S4DImaginary returns initial imaginary parts of N/2 = modes modes (arXiv 2206.11893): kind lin is pi n, inv is
// N/pi (N/(2n+1) - 1), and legs the positive imaginary parts of the eigenvalues of the normal part of the HiPPO-LegS matrix.
// The real part of all is -1/2. Another kind is an error, and so are fewer than 1 modes.
func S4DImaginary(kind string, modes int) ([]float64, error) { return s4d.Imaginary(kind, modes) }
