package models

import (
	"fmt"

	"goomtrain/layers"
	"goomtrain/params"
)

// GOOMRNN holds the sizes of goom-rnn. Heads is the number of hidden vectors of a block, DHead their dimension.
type GOOMRNN struct {
	Common
	Stack
}

// goomRNN is the deep non-diagonal recurrent model of arXiv 2510.03426, section 4.3: embedding, RecurrentBlocks
// of GOOMSSM, LayerNorm, tied head. Parameter names are those of the paper's PyTorch module, so that weights can be
// exchanged with it. That module has the tied table under two names, and files may hold either or both.
var goomRNN = Architecture[GOOMRNN]{
	Name:  "goom-rnn",
	About: "non-diagonal recurrence over generalized orders of magnitude",
	Presets: []Preset[GOOMRNN]{
		{"nano", GOOMRNN{Stack: Stack{DEmb: 64, Layers: 2, Heads: 4, DHead: 16}}, "trains in seconds, for tests and debugging", nanoTraining},
		{"small", GOOMRNN{Stack: Stack{DEmb: 128, Layers: 4, Heads: 8, DHead: 16}}, "learns text in two minutes on 2 cores", nil},
		{"base", GOOMRNN{Stack: Stack{DEmb: 256, Layers: 6, Heads: 16, DHead: 16}}, "an hour of training on 2 cores", baseTraining},
		{"paper-task", GOOMRNN{Stack: Stack{DEmb: 512, Layers: 8, Heads: 16, DHead: 32}}, "the paper's model of synthetic tasks and images: many short sequences",
			pairs("steps", "5000", "batch", "32", "micro-batch", "8", "lr", "0.001", "eval-every", "500", "save-every", "500")},
		{"paper-124m", GOOMRNN{Stack: Stack{DEmb: 768, Layers: 24, Heads: 24, DHead: 32}}, "the paper's language model, with the GPT-2 vocabulary",
			pairs("tokenizer", "gpt2", "seq", "1024", "steps", "100000", "batch", "480", "micro-batch", "4", "lr", "0.001", "eval-every", "1000", "save-every", "1000")},
	},
	Float32: newGOOMRNN[float32],
	Float64: newGOOMRNN[float64],
}

// Validate implements Sizes.
func (c *GOOMRNN) Validate() error { return nil }

func newGOOMRNN[F params.Float](s params.Set[F], c GOOMRNN) Network[F] {
	n := &residualNetwork[F]{
		embed:   layers.NewEmbedding(s, "head", c.Vocab, c.DEmb),
		dropout: layers.NewDropout(s, c.Dropout),
	}
	n.embed.Table.Stored = []string{"embed.weight", "head.weight"}
	for i := range c.Layers {
		part := s.Sub(fmt.Sprintf("res_layers.%d", i))
		n.blocks = append(n.blocks, NewRecurrentBlock(part, c.DEmb, c.Dropout, func(s params.Set[F]) layers.Mixer[F] {
			return layers.NewGOOMSSM(s.Sub("ssm_over_gooms"), c.DEmb, 2*c.DEmb, c.Heads, c.DHead)
		}))
	}
	n.norm = layers.NewLayerNorm(s.Sub("lnorm"), c.DEmb)
	return n
}
