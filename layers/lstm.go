package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// LSTM is a layer of a long short-term memory (Hochreiter and Schmidhuber 1997): the recurrence that everybody knows, as a
// baseline. Its state of 2H numbers changes by gates that depend on the input and on the state, so that, unlike in the
// other recurrences of this package, a step is not linear in the state and steps must follow one another. See ops.LSTM.
type LSTM[F params.Float] struct {
	Input  *Linear[F]       // [4H, in], with bias: gates i, f, g, o
	Hidden *params.Param[F] // [4H, H]
	Bias   *params.Param[F] // [4H], a second one, as in PyTorch
	state  string
}

// NewLSTM makes "weight_ih", "weight_hh", "bias_ih" and "bias_hh", with a suffix behind their names, for H = width. These
// are the names and shapes of PyTorch's nn.LSTM, whose suffix is "_l0" in its first layer, and of nn.LSTMCell, which has
// none. PyTorch draws all of them uniformly within 1/sqrt(H). What changes from position to position is then 2 % of the
// mean square of the logits of four such layers, and the stack learned the frequencies of the tokens only. Here the biases
// alone are drawn like that. "weight_ih" is uniform within 3/sqrt(in), because outputs of an LSTM, its inputs in a stack,
// are well below 1, and "weight_hh" within sqrt(3/H), so that its rows have a length of about 1.
func NewLSTM[F params.Float](s params.Set[F], in, width int, suffix string) *LSTM[F] {
	within := func(bound float64, n int) params.Initial { return params.Uniform(bound / math.Sqrt(float64(n))) }
	return &LSTM[F]{
		Input: &Linear[F]{
			Weight: s.New("weight_ih"+suffix, params.Matrix, within(3, in), 4*width, in),
			Bias:   s.New("bias_ih"+suffix, params.Vector, within(1, width), 4*width),
		},
		Hidden: s.New("weight_hh"+suffix, params.Recurrent, within(math.Sqrt(3), width), 4*width, width),
		Bias:   s.New("bias_hh"+suffix, params.Vector, within(1, width), 4*width),
		state:  s.Name("state" + suffix),
	}
}

// In implements Mixer.
func (l *LSTM[F]) In() int { return l.Input.In() }

// Out implements Mixer: H.
func (l *LSTM[F]) Out() int { return l.Hidden.Shape[1] }

// Forward maps x [B, T, in] to [B, T, H].
func (l *LSTM[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	carry := StateOf(g, l.state, func() *ops.LSTMCarry[F] { return ops.NewLSTMCarry[F](g.Batch, l.Out()) })
	return ops.LSTM[F](l.Input.Forward(g, x), g.Weight(l.Hidden), g.Weight(l.Bias), g.Reset, carry)
}

var lstmKind = MixerKind{
	Name:    "lstm",
	About:   "long short-term memory",
	Float32: makeLSTM[float32],
	Float64: makeLSTM[float64],
}

func makeLSTM[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewLSTM(s, c.Width, c.Heads*c.DHead, "")
}
