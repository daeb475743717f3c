package models

import (
	"math"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// The largest sizes; larger ones are mistakes.
const (
	largestVocab = 1 << 24
	largestWidth = 1 << 16
	largestCount = 1 << 12
	largestSteps = 64 // reflections a token
)

// Stack holds the sizes that the models of this project have in common. The sizes of another architecture may embed
// it for the settings d-emb, layers, heads, d-head and embedding-std; it then makes its table of token vectors with the
// deviation TokenStd.
type Stack struct {
	DEmb   int // D, dimension of embeddings and activations
	Layers int // residual blocks
	Heads  int // H attention heads, or N hidden vectors
	DHead  int // dimension of a head, or of a hidden vector

	EmbeddingStd float64 // standard deviation of initial token vectors; 0: 1/sqrt(DEmb)
}

// Settings lists these sizes. A value of 0 keeps that of the preset. An architecture with further sizes appends
// their settings.
func (c *Stack) Settings() settings.Table {
	return settings.Table{
		{Name: "d-emb", Help: "embedding dimension", Value: &c.DEmb, Rule: settings.Between(1, largestWidth), ZeroKeeps: true},
		{Name: "layers", Help: "residual blocks", Value: &c.Layers, Rule: settings.Between(1, largestCount), ZeroKeeps: true},
		{Name: "heads", Help: "attention heads of a block; of goom-rnn: hidden vectors", Value: &c.Heads, Rule: settings.Between(1, largestCount), ZeroKeeps: true},
		{Name: "d-head", Help: "dimension of a head; of goom-rnn: of a hidden vector", Value: &c.DHead, Rule: settings.Between(1, largestWidth), ZeroKeeps: true},
		{Name: "embedding-std", Help: "standard deviation of the initial token vectors", Value: &c.EmbeddingStd, Rule: settings.Between(1e-6, 1e3), Zero: "1/sqrt(d-emb)"},
	}
}

// TokenStd returns the standard deviation of initial token vectors: EmbeddingStd, or 1/sqrt(DEmb) if that is 0.
func (c *Stack) TokenStd() float64 {
	if c.EmbeddingStd == 0 {
		return 1 / math.Sqrt(float64(c.DEmb))
	}
	return c.EmbeddingStd
}

// newEmbedding makes a table of token vectors.
func newEmbedding[F params.Float](s params.Set[F], name string, vocab int, c *Stack) *layers.Embedding[F] {
	return layers.NewScaledEmbedding(s, name, vocab, c.DEmb, c.TokenStd())
}

// Training settings of the presets of the same name, where they differ from the defaults of package train.
var (
	// nano: a run takes seconds; for tests and experiments
	nanoTraining = pairs("steps", "200", "batch", "8", "lr", "0.005", "eval-every", "100", "save-every", "100")
	// base: a run takes about an hour on 2 cores; a wider model needs a lower learning rate
	baseTraining = pairs("steps", "3000", "lr", "0.002", "eval-every", "250", "save-every", "250")
)

func pairs(namesAndValues ...string) (out []settings.Pair) {
	for i := 0; i < len(namesAndValues); i += 2 {
		out = append(out, settings.Pair{Name: namesAndValues[i], Text: namesAndValues[i+1]})
	}
	return out
}
