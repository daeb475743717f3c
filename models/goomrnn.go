package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/params"
)

// goomRNN is the deep non-diagonal recurrent model of arXiv 2510.03426, section 4.3: embedding,
// residual blocks x + Linear(GLU(GOOMSSM(LayerNorm(x)))), LayerNorm, tied head. Heads is the number
// of hidden vectors of a layer, DHead their width. Parameter names are those of the paper's PyTorch
// module, so that weights travel.
var goomRNN = architecture{
	name: "goom-rnn",
	presets: []preset{
		{"nano", Config{DEmb: 64, Layers: 2, Heads: 4, DHead: 16}, "seconds a run, for tests and debugging"},
		{"small", Config{DEmb: 128, Layers: 4, Heads: 8, DHead: 16}, "learns text in two minutes on 2 cores"},
		{"base", Config{DEmb: 256, Layers: 6, Heads: 16, DHead: 16}, "an hour of training on 2 cores"},
		{"paper-task", Config{DEmb: 512, Layers: 8, Heads: 16, DHead: 32}, "the paper's model of synthetic tasks and images"},
		{"paper-124m", Config{DEmb: 768, Layers: 24, Heads: 24, DHead: 32}, "the paper's language model, with the GPT-2 vocabulary"},
	},
	validate: func(c Config) error {
		if c.TaylorTerms != 0 {
			return fmt.Errorf("taylor_terms is %d, but goom-rnn has none", c.TaylorTerms)
		}
		return nil
	},
	single: newGOOMRNN[float32],
	double: newGOOMRNN[float64],
}

type goomRNNNetwork[F simd.Float] struct {
	embed   *layers.Embedding[F]
	dropout *layers.Dropout[F]
	blocks  []*layers.RecurrentBlock[F]
	norm    *layers.LayerNorm[F]
}

func newGOOMRNN[F simd.Float](s params.Set[F], c Config) Network[F] {
	n := &goomRNNNetwork[F]{
		embed:   layers.NewEmbedding(s, "head", c.Vocab, c.DEmb),
		dropout: layers.NewDropout(s, c.Dropout),
	}
	for i := range c.Layers {
		part := s.Sub(fmt.Sprintf("res_layers.%d", i))
		block := layers.NewRecurrentBlock(part, c.DEmb, c.Heads, c.DHead)
		block.Dropout = layers.NewDropout(part, c.Dropout)
		n.blocks = append(n.blocks, block)
	}
	n.norm = layers.NewLayerNorm(s.Sub("lnorm"), c.DEmb)
	return n
}

func (n *goomRNNNetwork[F]) Head() *layers.Embedding[F] { return n.embed }

func (n *goomRNNNetwork[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	x := n.dropout.Forward(g, n.embed.Forward(g, tokens)) // [B, T, D]
	for _, block := range n.blocks {
		x = block.Forward(g, x) // [B, T, D]
	}
	return n.norm.Forward(g, x) // [B, T, D]
}
