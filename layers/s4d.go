package layers

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
)

// S4D is the diagonal state space model (arXiv 2206.11893): every channel is a sum of N/2 complex modes that decay and
// oscillate at rates which are learned but do not depend on the input. GELU follows, and a projection with GLU. Names
// and shapes of the parameters are those of models/s4/s4d.py of state-spaces/s4.
type S4D[F params.Float] struct {
	LogDt    *params.Param[F] // [H] logarithm of the step
	LogAReal *params.Param[F] // [H, N/2]
	AImag    *params.Param[F] // [H, N/2]
	C        *params.Param[F] // [H, N/2, 2]
	D        *params.Param[F] // [H]
	Weight   *params.Param[F] // [2H, H, 1]
	Bias     *params.Param[F] // [2H]
	state    string
}

// NewS4D makes "kernel.log_dt", "kernel.log_A_real", "kernel.A_imag", "kernel.C", "D", "output_linear.0.weight" and
// "output_linear.0.bias" for H = width channels of that many modes, N/2. initial names the frequencies at the
// beginning: lin, inv or legs; see ops.S4DImaginary. Other names panic.
func NewS4D[F params.Float](s params.Set[F], width, modes int, initial string) *S4D[F] {
	frequencies, err := ops.S4DImaginary(initial, modes)
	if err != nil {
		panic(fmt.Sprintf("layers: %v", err))
	}
	logDt := func(r *rng.Stream, values []float64, _ []int) {
		for i := range values {
			values[i] = math.Log(initialStep(r))
		}
	}
	imaginary := func(_ *rng.Stream, values []float64, _ []int) {
		for i := range values {
			values[i] = frequencies[i%modes]
		}
	}
	kernel, out, bound := s.Sub("kernel"), s.Sub("output_linear.0"), params.Uniform(1/math.Sqrt(float64(width)))
	return &S4D[F]{ // no weight decay for what sets the rates: they are Vectors
		LogDt:    kernel.New("log_dt", params.Vector, logDt, width),
		LogAReal: kernel.New("log_A_real", params.Vector, params.Constant(-math.Ln2), width, modes),
		AImag:    kernel.New("A_imag", params.Vector, imaginary, width, modes),
		C:        kernel.New("C", params.Vector, params.Normal(1), width, modes, 2),
		D:        s.New("D", params.Vector, params.Normal(1), width),
		Weight:   out.New("weight", params.Matrix, bound, 2*width, width, 1),
		Bias:     out.New("bias", params.Vector, bound, 2*width),
		state:    s.Name("state"),
	}
}

// In implements Mixer.
func (l *S4D[F]) In() int { return l.D.Shape[0] }

// Out implements Mixer: H.
func (l *S4D[F]) Out() int { return l.D.Shape[0] }

// Forward maps u [B, T, H] to [B, T, H].
func (l *S4D[F]) Forward(g *Graph[F], u *G.Node) *G.Node {
	channels, modes := l.AImag.Shape[0], l.AImag.Shape[1]
	carry := StateOf(g, l.state, func() *ops.S4DCarry[F] { return ops.NewS4DCarry[F](g.Batch, channels, modes) })
	y := ops.S4D[F](u, g.Weight(l.LogDt), g.Weight(l.LogAReal), g.Weight(l.AImag), g.Weight(l.C), g.Weight(l.D), g.Reset, carry)
	return ops.GLU[F](ops.Linear[F](ops.GELU[F](y), g.Weight(l.Weight), g.Weight(l.Bias), nil))
}

var s4dKind = MixerKind{
	Name:    "s4d",
	About:   "diagonal state space model, whose rates do not depend on the input",
	Float32: makeS4D[float32],
	Float64: makeS4D[float64],
}

func makeS4D[F params.Float](s params.Set[F], c MixerSizes) Mixer[F] {
	return NewS4D(s, c.Width, c.DHead, "lin")
}
