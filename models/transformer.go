package models

import (
	"errors"
	"fmt"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// Transformer holds the sizes that softmax-attention and taylor-attention have in common. Heads*DHead may
// differ from DEmb.
type Transformer struct {
	Common
	Stack
	Positions string // rotary, learned or none
	Context   int    // longest sequence of learned positions; 0: that of the data
	MLP       string // gelu or swiglu
	DMLP      int    // hidden dimension of the MLP; 0: 4 DEmb, of swiglu about 8/3 DEmb
}

// newTransformerSizes returns a transformer of these sizes with rotary positions and GELU.
func newTransformerSizes(dEmb, layers, heads, dHead int) Transformer {
	return Transformer{Stack: Stack{DEmb: dEmb, Layers: layers, Heads: heads, DHead: dHead}, Positions: "rotary", MLP: "gelu"}
}

// Settings implements Sizes.
func (c *Transformer) Settings() settings.Table {
	return append(c.Stack.Settings(), settings.Table{
		{Name: "positions", Help: "position encoding", Value: &c.Positions, Rule: settings.OneOf("rotary", "learned", "none"), ZeroKeeps: true},
		{Name: "context", Help: "size of the table of learned positions", Value: &c.Context, Rule: settings.Between(1, largestVocab), Zero: "longest sequence of the data"},
		{Name: "mlp", Help: "activation of the MLP", Value: &c.MLP, Rule: settings.OneOf("gelu", "swiglu"), ZeroKeeps: true},
		{Name: "d-mlp", Help: "hidden dimension of the MLP", Value: &c.DMLP, Rule: settings.Between(1, largestWidth), Zero: "4 d-emb, of gated units about 8/3 d-emb"},
	}...)
}

// Validate implements Sizes.
func (c *Transformer) Validate() error {
	if c.Positions != "learned" && c.Context != 0 {
		return fmt.Errorf("-context %d: only learned positions have a context, but -positions is %q: leave it out", c.Context, c.Positions)
	}
	return nil
}

// FitLength implements LengthFitter.
func (c *Transformer) FitLength(longest int) error {
	switch {
	case c.Positions == "learned" && c.Context == 0 && longest < 1:
		return errors.New("-context 0: learned positions need the length of the longest sequence")
	case c.Positions == "learned" && c.Context == 0:
		c.Context = longest
	case c.Context > 0 && c.Context < longest:
		return fmt.Errorf("-context %d: the data has sequences of %d positions: must be at least that (0: exactly that), or -seq at most %d", c.Context, longest, c.Context)
	}
	return nil
}

// newTransformer makes the common parts of softmax-attention and taylor-attention: embedding, learned positions
// if chosen, pre-norm residual blocks of mixer and MLP, LayerNorm, tied head. The names of the weights are the
// same, so that weights trained with one attention can be used with the other. mixer makes the attention of a
// block.
func newTransformer[F params.Float](s params.Set[F], c Transformer, mixer func(s params.Set[F]) layers.Mixer[F]) Network[F] {
	n := &residualNetwork[F]{
		embed:        newEmbedding(s, "embed.weight", c.Vocab, &c.Stack),
		residualBody: residualBody[F]{dropout: layers.NewDropout(s, c.Dropout)},
	}
	if c.Positions == "learned" {
		n.positions = layers.NewPositions(s.Sub("position"), c.Context, c.DEmb)
	}
	for i := range c.Layers {
		n.blocks = append(n.blocks, NewTransformerBlock(s.Sub(fmt.Sprintf("blocks.%d", i)), c.DEmb, c.Dropout, mixer,
			func(s params.Set[F]) *MLP[F] { return newMLP(s, c) }))
	}
	n.norm = layers.NewLayerNorm(s.Sub("norm"), c.DEmb)
	return n
}

// newMLP makes an MLP of 8 D^2 weights unless the configuration has a hidden dimension. By default that is 4D
// for GELU, and about 8D/3, a multiple of 16, for SwiGLU, which has a third matrix.
func newMLP[F params.Float](s params.Set[F], c Transformer) *MLP[F] {
	hidden := c.DMLP
	if c.MLP == "swiglu" {
		if hidden == 0 {
			hidden = (8*c.DEmb/3 + 15) / 16 * 16
		}
		return NewSwiGLUMLP(s, c.DEmb, hidden, c.Dropout)
	}
	if hidden == 0 {
		hidden = 4 * c.DEmb
	}
	return NewGELUMLP(s, c.DEmb, hidden, c.Dropout)
}
