package models

import (
	"fmt"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// LogAttention holds the sizes of log-attention. DHead is the dimension of the keys of a head and, unless
// DValue is set, of its values.
type LogAttention struct {
	Common
	Stack
	DValue int // dimension of a head's values; 0: DHead
}

// logAttention is the language model of arXiv 2404.05843: embedding plus decay positions, LogAttentionBlocks of
// LogAttention, LayerNorm, tied head. Parameter names are those of the paper's PyTorch module, so that weights
// can be exchanged with it. Presets have smaller token vectors than those of the other models, with which text is learned
// a little more slowly here.
var logAttention = Architecture[LogAttention]{
	Name:  "log-attention",
	About: "log-exp softmax attention at constant cost per token",
	Presets: []Preset[LogAttention]{
		{"nano", LogAttention{Stack: Stack{DEmb: 64, Layers: 2, Heads: 4, DHead: 16, EmbeddingStd: 0.02}}, "trains in seconds, for tests and debugging", nanoTraining},
		{"small", LogAttention{Stack: Stack{DEmb: 128, Layers: 4, Heads: 4, DHead: 32, EmbeddingStd: 0.02}}, "learns text in two minutes on 2 cores", nil},
		{"base", LogAttention{Stack: Stack{DEmb: 256, Layers: 6, Heads: 8, DHead: 32, EmbeddingStd: 0.02}}, "an hour of training on 2 cores", baseTraining},
	},
	Float32: newLogAttention[float32],
	Float64: newLogAttention[float64],
}

// Settings implements Sizes.
func (c *LogAttention) Settings() settings.Table {
	return append(c.Stack.Settings(),
		settings.Setting{Name: "d-value", Help: "dimension of a head's values", Value: &c.DValue, Rule: settings.Between(1, largestWidth), Zero: "d-head"})
}

// Validate implements Sizes.
func (c *LogAttention) Validate() error { return nil }

func newLogAttention[F params.Float](s params.Set[F], c LogAttention) Network[F] {
	value := c.DValue
	if value == 0 {
		value = c.DHead
	}
	n := &residualNetwork[F]{
		embed: newEmbedding(s, "embed.weight", c.Vocab, &c.Stack),
		residualBody: residualBody[F]{
			positions: layers.NewDecayPositions(s.Sub("embed_pos"), c.DEmb, c.TokenStd()),
			dropout:   layers.NewDropout(s, c.Dropout),
		},
	}
	for i := range c.Layers {
		part := s.Sub(fmt.Sprintf("layers.%d", i))
		n.blocks = append(n.blocks, NewLogAttentionBlock(part, c.DEmb, c.Dropout, func(s params.Set[F]) layers.Mixer[F] {
			return layers.NewLogAttention(s, s.Sub("feedforward1.1"), c.DEmb, c.Heads, c.DHead, value)
		}))
	}
	n.norm = layers.NewLayerNorm(s.Sub("lnorm"), c.DEmb)
	return n
}
