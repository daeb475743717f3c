package models

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/params"
)

// transformer is what softmax-attention and taylor-attention have in common, weights and their names
// included: embedding (with learned positions added, if chosen), pre-norm residual blocks of attention
// and MLP, LayerNorm, tied head. Weights trained with the one attention can be read by the other.
type transformer[F simd.Float] struct {
	embed     *layers.Embedding[F]
	positions *layers.Positions[F] // nil: rotary or none
	dropout   *layers.Dropout[F]
	blocks    []*layers.TransformerBlock[F]
	norm      *layers.LayerNorm[F]
}

// newTransformer makes the parameters; attention makes those of a block's attention.
func newTransformer[F simd.Float](s params.Set[F], c Config, attention func(s params.Set[F], rotary bool) *layers.SelfAttention[F]) *transformer[F] {
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
			Attention: attention(part, c.Positions == "" || c.Positions == "rotary"),
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
func newMLP[F simd.Float](s params.Set[F], c Config) *layers.MLP[F] {
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

// validateTransformer checks what transformers alone have.
func validateTransformer(c Config) error {
	if !slices.Contains([]string{"", "rotary", "learned", "none"}, c.Positions) {
		return fmt.Errorf("positions is %q, want rotary, learned or none", c.Positions)
	}
	if !slices.Contains([]string{"", "gelu", "swiglu"}, c.MLP) {
		return fmt.Errorf("mlp is %q, want gelu or swiglu", c.MLP)
	}
	if c.DMLP < 0 || c.DMLP > largestWidth {
		return fmt.Errorf("d_mlp is %d, want 0 (from d_emb) to %d", c.DMLP, largestWidth)
	}
	switch learned := c.Positions == "learned"; {
	case learned && (c.Context < 1 || c.Context > largestVocab):
		return fmt.Errorf("context is %d, but positions is learned: want 1 to %d", c.Context, largestVocab)
	case !learned && c.Context != 0:
		return fmt.Errorf("context is %d, but positions is %q: only learned positions end", c.Context, c.Positions)
	}
	return nil
}
