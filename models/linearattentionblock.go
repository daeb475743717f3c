package models

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// LinearAttentionBlock is the residual block of flash-linear-attention's models, that of Llama with any mixer:
//
//	y = x + Linear(Mixer(RMSNorm(x)))        y + Down(SiLU(Gate(z)) * Up(z)), z = RMSNorm(y)
type LinearAttentionBlock[F params.Float] struct {
	Norm1          *layers.RMSNorm[F]
	Mixer          layers.Mixer[F]   // from D to a width E
	Out            *layers.Linear[F] // [D, E]
	Norm2          *layers.RMSNorm[F]
	Gate, Up, Down *layers.Linear[F]  // [M, D], [M, D], [D, M], without bias
	Dropout        *layers.Dropout[F] // of the branch of the mixer
	DropoutMLP     *layers.Dropout[F]
}

// NewLinearAttentionBlock makes the block for activations of that width, with an MLP of that hidden dimension. Its
// parameters are "attn_norm", those of the mixer, "attn.o_proj", "mlp_norm", and "gate_proj", "up_proj" and
// "down_proj" of "mlp". mixer gets the part "attn" of the set of the block. NewLinearAttentionBlock panics if the mixer
// does not fit.
func NewLinearAttentionBlock[F params.Float](s params.Set[F], width, hidden int, epsilon, dropout float64,
	mixer func(s params.Set[F]) layers.Mixer[F]) *LinearAttentionBlock[F] {
	attn, mlp := s.Sub("attn"), s.Sub("mlp")
	l := &LinearAttentionBlock[F]{
		Norm1:      layers.NewRMSNorm(s.Sub("attn_norm"), width, epsilon),
		Mixer:      makeMixer(attn, width, mixer),
		Dropout:    layers.NewDropout(attn, dropout),
		Norm2:      layers.NewRMSNorm(s.Sub("mlp_norm"), width, epsilon),
		Gate:       layers.NewLinear(mlp.Sub("gate_proj"), width, hidden, false),
		Up:         layers.NewLinear(mlp.Sub("up_proj"), width, hidden, false),
		Down:       layers.NewLinear(mlp.Sub("down_proj"), hidden, width, false),
		DropoutMLP: layers.NewDropout(mlp, dropout),
	}
	l.Out = layers.NewLinear(attn.Sub("o_proj"), l.Mixer.Out(), width, false)
	return l
}

// Forward implements Block.
func (l *LinearAttentionBlock[F]) Forward(g *layers.Graph[F], x *G.Node) *G.Node {
	y := layers.Mix(g, l.Mixer, l.Norm1.Forward(g, x)) // [B, T, E]
	x = l.Out.ForwardAdd(g, y, x, l.Dropout)           // [B, T, D]
	z := l.Norm2.Forward(g, x)
	hidden := ops.GatedSiLU[F](l.Gate.Forward(g, z), l.Up.Forward(g, z)) // [B, T, M]
	return l.Down.ForwardAdd(g, hidden, x, l.DropoutMLP)                 // [B, T, D]
}
