package models

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/params"
)

// softmaxAttention is the usual pre-norm transformer, the baseline: embedding, residual blocks
// x + Attention(LayerNorm(x)) and x + MLP(LayerNorm(x)), LayerNorm, tied head. DHead need not be
// DEmb/Heads. Streaming, it keeps the keys and values of all tokens.
var softmaxAttention = architecture{
	name: "softmax-attention",
	presets: []preset{
		{"nano", Config{DEmb: 64, Layers: 2, Heads: 4, DHead: 16}, "seconds a run, for tests and debugging"},
		{"small", Config{DEmb: 128, Layers: 4, Heads: 4, DHead: 32}, "learns text in two minutes on 2 cores"},
		{"base", Config{DEmb: 384, Layers: 6, Heads: 6, DHead: 64}, "an hour of training on 2 cores"},
	},
	validate: func(c Config) error {
		if c.TaylorTerms != 0 {
			return fmt.Errorf("taylor_terms is %d, but softmax-attention has none: did you mean taylor-attention?", c.TaylorTerms)
		}
		return nil
	},
	blocks: true,
	single: newSoftmaxAttention[float32],
	double: newSoftmaxAttention[float64],
}

func newSoftmaxAttention[F simd.Float](s params.Set[F], c Config) Network[F] {
	return newTransformer(s, c, func(s params.Set[F], rotary bool) *layers.SelfAttention[F] {
		return layers.NewSoftmaxAttention(s, c.DEmb, c.Heads, c.DHead, rotary)
	})
}
