package models

import (
	"fmt"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/settings"
)

// TaylorAttention holds the sizes of taylor-attention.
type TaylorAttention struct {
	Transformer
	TaylorTerms int // P, terms of the series
}

// taylorAttention is the transformer of softmax-attention with the attention of arXiv 2602.00294: the weights
// are the first TaylorTerms terms of the Taylor series of softmax weights, computed in the minimal basis of
// symmetric tensors. It streams at constant cost per token. The size of the state of a head grows as
// DHead^(TaylorTerms-1), so presets have many small heads, as in the paper. The paper has 4 terms. Presets have an odd
// number, with which all weights are positive: sums of positive and negative weights come near zero as queries and keys
// grow, gradients then are thousands of times larger than at other steps, and training stops to make progress.
var taylorAttention = Architecture[TaylorAttention]{
	Name:  "taylor-attention",
	About: "symmetric Taylor-feature attention at constant cost per token",
	Presets: []Preset[TaylorAttention]{
		{"nano", TaylorAttention{newTransformerSizes(64, 2, 8, 8), 3}, "trains in seconds, for tests and debugging", nanoTraining},
		{"small", TaylorAttention{newTransformerSizes(128, 4, 16, 8), 3}, "learns text in two minutes on 2 cores", nil},
		{"base", TaylorAttention{newTransformerSizes(384, 6, 24, 16), 3}, "an hour of training on 2 cores", baseTraining},
	},
	Float32: newTaylorAttention[float32],
	Float64: newTaylorAttention[float64],
}

const taylorTermsHelp = "terms of the Taylor series; with an odd number weights are positive, and training is stable"

// Settings implements Sizes.
func (c *TaylorAttention) Settings() settings.Table {
	return append(c.Transformer.Settings(),
		settings.Setting{Name: "taylor-terms", Help: taylorTermsHelp, Value: &c.TaylorTerms, Rule: settings.Between(1, ops.MaxTaylorTerms), ZeroKeeps: true})
}

// Validate implements Sizes.
func (c *TaylorAttention) Validate() error {
	if m := ops.CountTaylorFeatures(c.DHead, c.TaylorTerms); m > ops.MaxTaylorFeatures {
		return fmt.Errorf("-d-head %d with -taylor-terms %d has more than %d features a head: reduce one of them", c.DHead, c.TaylorTerms, ops.MaxTaylorFeatures)
	}
	return c.Transformer.Validate()
}

func newTaylorAttention[F params.Float](s params.Set[F], c TaylorAttention) Network[F] {
	return newTransformer(s, c.Transformer, func(s params.Set[F]) layers.Mixer[F] {
		return layers.NewTaylorAttention(s, c.DEmb, c.Heads, c.DHead, c.TaylorTerms, c.Positions == "rotary")
	})
}
