package models

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// Transformer is the sizes that softmax-attention and taylor-attention have in common. DHead need not be
// DEmb/Heads.
type Transformer struct {
	Common
	Stack
	Positions string // rotary, learned or none
	Context   int    // longest sequence of learned positions; 0: that of the data
	MLP       string // gelu or swiglu
	DMLP      int    // hidden width of the MLP; 0: 4 DEmb, of swiglu about 8/3 DEmb
}

// newTransformerSizes is the usual transformer of these sizes.
func newTransformerSizes(dEmb, layers, heads, dHead int) Transformer {
	return Transformer{Stack: Stack{dEmb, layers, heads, dHead}, Positions: "rotary", MLP: "gelu"}
}

// Settings implements Sizes.
func (c *Transformer) Settings() settings.Table {
	return append(c.Stack.settings(), settings.Table{
		{Name: "positions", Help: "how positions are told apart", Value: &c.Positions, Rule: settings.OneOf("rotary", "learned", "none"), ZeroKeeps: true},
		{Name: "context", Help: "longest sequence of learned positions", Value: &c.Context, Rule: settings.Between(1, largestVocab), Zero: "that of the data"},
		{Name: "mlp", Help: "the MLP's activation", Value: &c.MLP, Rule: settings.OneOf("gelu", "swiglu"), ZeroKeeps: true},
		{Name: "d-mlp", Help: "hidden width of the MLP", Value: &c.DMLP, Rule: settings.Between(1, largestWidth), Zero: "4 d-emb, of swiglu about 8/3 d-emb"},
	}...)
}

// Validate implements Sizes.
func (c *Transformer) Validate() error {
	if c.Positions != "learned" && c.Context != 0 {
		return fmt.Errorf("-context %d: only learned positions end, but -positions is %q: leave it out", c.Context, c.Positions)
	}
	return nil
}

// FitLength implements LengthFitter.
func (c *Transformer) FitLength(longest int) error {
	switch {
	case c.Positions == "learned" && c.Context == 0 && longest < 1:
		return errors.New("-context 0: learned positions need the longest sequence")
	case c.Positions == "learned" && c.Context == 0:
		c.Context = longest
	case c.Context > 0 && c.Context < longest:
		return fmt.Errorf("-context %d: the data has sequences of %d positions: must be at least as many (0: as many)", c.Context, longest)
	}
	return nil
}

// transformer is what softmax-attention and taylor-attention have in common, weights and their names
// included: embedding (with learned positions added, if chosen), pre-norm residual blocks of attention
// and MLP, LayerNorm, tied head. Weights trained with the one attention can be read by the other.
type transformer[F params.Float] struct {
	embed     *layers.Embedding[F]
	positions *layers.Positions[F] // nil: rotary or none
	dropout   *layers.Dropout[F]
	blocks    []*layers.TransformerBlock[F]
	norm      *layers.LayerNorm[F]
}

// newTransformer makes the parameters; attention makes those of a block's attention.
func newTransformer[F params.Float](s params.Set[F], c Transformer, attention func(s params.Set[F], rotary bool) *layers.SelfAttention[F]) *transformer[F] {
	n := &transformer[F]{
		embed:   layers.NewEmbedding(s, "embed.weight", c.Vocab, c.DEmb),
		dropout: layers.NewDropout(s, c.Dropout),
	}
	if c.Positions == "learned" {
		n.positions = layers.NewPositions(s.Sub("position"), c.Context, c.DEmb)
	}
	for i := range c.Layers {
		part := s.Sub(fmt.Sprintf("blocks.%d", i))
		block := &layers.TransformerBlock[F]{
			Norm1:     layers.NewLayerNorm(part.Sub("norm1"), c.DEmb),
			Attention: attention(part, c.Positions == "rotary"),
			Norm2:     layers.NewLayerNorm(part.Sub("norm2"), c.DEmb),
			MLP:       newMLP(part.Sub("mlp"), c),
		}
		block.Attention.Dropout = layers.NewDropout(part.Sub("attention"), c.Dropout)
		block.MLP.Dropout = layers.NewDropout(part.Sub("mlp"), c.Dropout)
		n.blocks = append(n.blocks, block)
	}
	n.norm = layers.NewLayerNorm(s.Sub("norm"), c.DEmb)
	return n
}

// newMLP makes an MLP of 8 D^2 weights unless the configuration has another width: hidden width 4D for
// GELU, and about 8D/3, a multiple of 16, for SwiGLU, which has a third matrix.
func newMLP[F params.Float](s params.Set[F], c Transformer) *layers.MLP[F] {
	hidden := c.DMLP
	if c.MLP == "swiglu" {
		if hidden == 0 {
			hidden = (8*c.DEmb/3 + 15) / 16 * 16
		}
		return layers.NewSwiGLUMLP(s, c.DEmb, hidden)
	}
	if hidden == 0 {
		hidden = 4 * c.DEmb
	}
	return layers.NewGELUMLP(s, c.DEmb, hidden)
}

func (n *transformer[F]) Head() *layers.Embedding[F] { return n.embed }

// Context implements Bounded.
func (n *transformer[F]) Context() int {
	if n.positions == nil {
		return 0
	}
	return n.positions.Table.Shape[0]
}

func (n *transformer[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	x := n.embed.Forward(g, tokens) // [B, T, D]
	if n.positions != nil {
		x = n.positions.Forward(g, x) // [B, T, D]
	}
	x = n.dropout.Forward(g, x) // [B, T, D]
	for _, block := range n.blocks {
		x = block.Forward(g, x) // [B, T, D]
	}
	return n.norm.Forward(g, x) // [B, T, D]
}
