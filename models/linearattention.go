package models

import (
	"fmt"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// LinearAttention holds the sizes that delta-net, gated-delta-net, delta-product, gla and hybrid have in common.
// Heads*DHead may differ from DEmb.
type LinearAttention struct {
	Common
	Stack
	DValue        int  // dimension of a head's values; 0: DHead
	DMLP          int  // hidden dimension of the MLP; 0: 8/3 DEmb, rounded up to a multiple of 256
	ShortConv     bool // short convolutions of queries, keys and values
	TieEmbeddings bool // the head is the table of token vectors
}

// newLinearAttentionSizes returns sizes with short convolutions.
func newLinearAttentionSizes(dEmb, layers, heads, dHead int) LinearAttention {
	return LinearAttention{Stack: Stack{DEmb: dEmb, Layers: layers, Heads: heads, DHead: dHead}, ShortConv: true}
}

// Settings implements Sizes.
func (c *LinearAttention) Settings() settings.Table {
	return append(c.Stack.Settings(), settings.Table{
		{Name: "d-value", Help: "dimension of a head's values", Value: &c.DValue, Rule: settings.Between(1, largestWidth), Zero: "d-head"},
		{Name: "d-mlp", Help: "hidden dimension of the MLP", Value: &c.DMLP, Rule: settings.Between(1, largestWidth), Zero: "4 d-emb, of gated units about 8/3 d-emb"},
		{Name: "short-conv", Help: "short convolutions of queries, keys and values", Value: &c.ShortConv},
		{Name: "tie-embeddings", Help: "use the token vectors as the head", Value: &c.TieEmbeddings},
	}...)
}

// Validate implements Sizes.
func (c *LinearAttention) Validate() error { return nil }

// normEpsilon is added to mean squares in RMSNorm.
const normEpsilon = 1e-6

// mixer returns the sizes of the mixer of a block.
func (c *LinearAttention) mixer(layer int) layers.MixerSizes {
	sizes := layers.MixerSizes{Vocab: c.Vocab, Width: c.DEmb, Layer: layer, Layers: c.Layers, Heads: c.Heads, DHead: c.DHead, DValue: c.DValue,
		ShortConv: c.ShortConv, Epsilon: normEpsilon}
	if sizes.DValue == 0 {
		sizes.DValue = c.DHead
	}
	return sizes
}

// newLinearAttention makes the network of flash-linear-attention's models: embedding, LinearAttentionBlocks, RMSNorm,
// head. Names and shapes of the parameters are theirs. mixer makes the mixer of a block.
func newLinearAttention[F params.Float](s params.Set[F], c LinearAttention, mixer func(s params.Set[F], layer int) layers.Mixer[F]) Network[F] {
	model := s.Sub("model")
	n := &residualNetwork[F]{embed: newEmbedding(model, "embeddings.weight", c.Vocab, &c.Stack)}
	n.residualBody = newLinearAttentionBody(s, c, mixer)
	if c.TieEmbeddings {
		n.embed.Table.Stored = []string{"model.embeddings.weight", "lm_head.weight"} // files may have both
	} else {
		n.head = newEmbedding(s, "lm_head.weight", c.Vocab, &c.Stack)
	}
	return n
}

// newLinearAttentionBody makes the parts between the embedding and the head.
func newLinearAttentionBody[F params.Float](s params.Set[F], c LinearAttention, mixer func(s params.Set[F], layer int) layers.Mixer[F]) residualBody[F] {
	model := s.Sub("model")
	n := residualBody[F]{dropout: layers.NewDropout(s, c.Dropout)}
	hidden := c.DMLP
	if hidden == 0 {
		hidden = (8*c.DEmb/3 + 255) / 256 * 256
	}
	for i := range c.Layers {
		part := model.Sub(fmt.Sprintf("layers.%d", i))
		n.blocks = append(n.blocks, NewLinearAttentionBlock(part, c.DEmb, hidden, normEpsilon, c.Dropout,
			func(s params.Set[F]) layers.Mixer[F] { return mixer(s, i) }))
	}
	n.norm = layers.NewRMSNorm(model.Sub("norm"), c.DEmb, normEpsilon)
	return n
}

// DeltaRule holds the options of models with the delta rule.
type DeltaRule struct {
	NegativeEigenvalues bool // beta in (0, 2) instead of (0, 1)
	OutputGate          bool // gate after the output norm
}

// Settings lists the options.
func (c *DeltaRule) Settings() settings.Table {
	return settings.Table{
		{Name: "negative-eigenvalues", Help: "delta rule with beta in (0, 2): a token can negate what is stored under its key", Value: &c.NegativeEigenvalues},
		{Name: "output-gate", Help: "delta rule with a gate after the output norm", Value: &c.OutputGate},
	}
}

// set sets the options of a mixer.
func (c *DeltaRule) set(sizes *layers.MixerSizes) {
	sizes.NegativeEigenvalues, sizes.OutputGate = c.NegativeEigenvalues, c.OutputGate
}
