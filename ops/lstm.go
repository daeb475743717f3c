package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels/lstm"
	"goomtrain/params"
)

// LSTMCarry is the state of a long short-term memory between two parts of a sequence.
type LSTMCarry[F params.Float] = lstm.Carry[F]

// NewLSTMCarry returns the carry at the beginning of B = batch sequences of H = width numbers.
func NewLSTMCarry[F params.Float](batch, width int) *LSTMCarry[F] {
	return lstm.NewCarry[F](batch, width)
}

// LSTM is the recurrence of a long short-term memory (Hochreiter and Schmidhuber 1997) as PyTorch's nn.LSTM has it:
//
//	i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of u_t + h_{t-1} W^T + bias
//	c_t = f c_{t-1} + i g        h_t = o tanh(c_t)
//
// u [B, T, 4H], the gates in the order i, f, g, o, w [4H, H], bias [4H] -> h [B, T, H]. The first state is 0. Gradients: of
// all.
//
// reset is nil, or int32 [B, T]: where it is not 0 a new document begins, on which what is before it has no influence.
//
// carry is nil for training. With a carry (of B, H) the sequence continues where the last run ended, and the carry receives
// the last state. It is detached: no gradient flows into it.
func LSTM[F params.Float](u, w, bias, reset *G.Node, carry *LSTMCarry[F]) *G.Node {
	want("LSTM", "u", u, -1, -1, -1)
	want("LSTM", "w", w, -1, -1)
	width := w.Shape()[1]
	want("LSTM", "w", w, 4*width, width)
	want("LSTM", "bias", bias, 4*width)
	batch, time := u.Shape()[0], u.Shape()[1]
	want("LSTM", "u", u, batch, time, 4*width)
	k := lstm.New[F](batch, time, width)
	var relay *relay[*LSTMCarry[F]] // nil: sequences are whole
	def := Definition[F]{
		Name:   "LSTM",
		Inputs: G.Nodes{u, w, bias},
		Grads:  []Gradient{GradPrimary, GradSide, GradSide},
		Out:    withWidth(u.Shape(), width),
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			relay.arrive()
			k.Backward(grad[0], grad[1], grad[2], in.Floats(1), dout)
			relay.depart()
		},
	}
	if reset == nil && carry == nil {
		def.Cut = func(p *Part) {
			relay = newRelay(p, func() *LSTMCarry[F] { return NewLSTMCarry[F](batch, width) })
			k.Between(relay.last, relay.first)
		}
	}
	starts := resettable(&def, reset, batch, time)
	def.Forward = func(out []F, in Operands[F]) {
		k.Forward(out, in.Floats(0), in.Floats(1), in.Floats(2), starts(in), relay.enter(carry))
		relay.leave()
	}
	return Apply(def)
}
