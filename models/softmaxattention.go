package models

import (
	"goomtrain/layers"
	"goomtrain/params"
)

// SoftmaxAttention holds the sizes of softmax-attention.
type SoftmaxAttention struct{ Transformer }

// softmaxAttention is the standard pre-norm transformer, the baseline: embedding, TransformerBlocks of
// SoftmaxAttention, LayerNorm, tied head. A stream keeps the keys and values of all tokens. With learned positions and
// GELU it is GPT-2, whose weights package huggingface imports.
var softmaxAttention = Architecture[SoftmaxAttention]{
	Name:  "softmax-attention",
	About: "standard transformer, whose cost per token grows with the sequence",
	Presets: []Preset[SoftmaxAttention]{
		{"nano", SoftmaxAttention{newTransformerSizes(64, 2, 4, 16)}, "trains in seconds, for tests and debugging", nanoTraining},
		{"small", SoftmaxAttention{newTransformerSizes(128, 4, 4, 32)}, "learns text in two minutes on 2 cores", nil},
		{"base", SoftmaxAttention{newTransformerSizes(384, 6, 6, 64)}, "an hour of training on 2 cores", baseTraining},
		{"gpt2", newGPT2Sizes(768, 12, 12), "the smallest GPT-2, of 124 million weights with its vocabulary",
			pairs("tokenizer", "gpt2", "seq", "1024", "optimizer", "adamw", "steps", "100000", "batch", "480", "micro-batch", "4", "lr", "0.0006", "eval-every", "1000", "save-every", "1000")},
	},
	Float32: newSoftmaxAttention[float32],
	Float64: newSoftmaxAttention[float64],
}

// newGPT2Sizes returns sizes of a GPT-2, whose heads divide the embedding.
func newGPT2Sizes(dEmb, layers, heads int) SoftmaxAttention {
	c := newTransformerSizes(dEmb, layers, heads, dEmb/heads)
	c.Positions, c.Context = "learned", 1024
	return SoftmaxAttention{c}
}

func newSoftmaxAttention[F params.Float](s params.Set[F], c SoftmaxAttention) Network[F] {
	return newTransformer(s, c.Transformer, func(s params.Set[F]) layers.Mixer[F] {
		return layers.NewSoftmaxAttention(s, c.DEmb, c.Heads, c.DHead, c.Positions == "rotary")
	})
}
