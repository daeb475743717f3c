package models

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// taylorAttention is the pre-norm transformer of softmax-attention with the attention of arXiv 2602.00294:
// its weights are the first TaylorTerms terms of the series of softmax weights, computed in the minimal
// basis of symmetric tensors, so that it streams at constant cost per token. The state of a head grows
// as DHead^(TaylorTerms-1), so heads are many and small, which is where the paper puts them.
var taylorAttention = architecture{
	name: "taylor-attention",
	presets: []preset{
		{"nano", Config{DEmb: 64, Layers: 2, Heads: 8, DHead: 8, TaylorTerms: 4}, "seconds a run, for tests and debugging"},
		{"small", Config{DEmb: 128, Layers: 4, Heads: 16, DHead: 8, TaylorTerms: 4}, "learns text in two minutes on 2 cores"},
		{"base", Config{DEmb: 384, Layers: 6, Heads: 24, DHead: 16, TaylorTerms: 4}, "an hour of training on 2 cores"},
	},
	validate: func(c Config) error {
		if c.TaylorTerms < 1 || c.TaylorTerms > ops.MaxTaylorTerms {
			return fmt.Errorf("taylor_terms is %d, want 1 to %d", c.TaylorTerms, ops.MaxTaylorTerms)
		}
		if m := ops.CountTaylorFeatures(c.DHead, c.TaylorTerms); m > ops.MaxTaylorFeatures {
			return fmt.Errorf("d_head %d with taylor_terms %d has more than %d features a head: lower one of them", c.DHead, c.TaylorTerms, ops.MaxTaylorFeatures)
		}
		return nil
	},
	blocks: true,
	single: newTaylorAttention[float32],
	double: newTaylorAttention[float64],
}

func newTaylorAttention[F simd.Float](s params.Set[F], c Config) Network[F] {
	return newTransformer(s, c, func(s params.Set[F], rotary bool) *layers.SelfAttention[F] {
		return layers.NewTaylorAttention(s, c.DEmb, c.Heads, c.DHead, c.TaylorTerms, rotary)
	})
}
