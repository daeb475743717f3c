package models

import (
	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// DeltaProduct holds the sizes of delta-product.
type DeltaProduct struct {
	LinearAttention
	DeltaRule
	Householders int  // n, delta steps a token
	ForgetGate   bool // states decay
}

// deltaProduct is the model of arXiv 2502.10297: several delta steps a token, so that a state can turn in any
// direction within one token. Two of them rotate a plane, four can exchange five things in any way.
var deltaProduct = Architecture[DeltaProduct]{
	Name:  "delta-product",
	About: "linear attention with several delta steps a token",
	Presets: []Preset[DeltaProduct]{
		{"nano", newDeltaProductSizes(64, 2, 4, 16), "trains in seconds, for tests and debugging", nanoTraining},
		{"small", newDeltaProductSizes(128, 4, 4, 32), "learns text in minutes on 2 cores", nil},
		{"base", newDeltaProductSizes(384, 6, 6, 64), "hours of training on 2 cores", baseTraining},
		{"state-tracking", DeltaProduct{
			LinearAttention: LinearAttention{Stack: Stack{DEmb: 128, Layers: 1, Heads: 8, DHead: 32}},
			DeltaRule:       DeltaRule{NegativeEigenvalues: true}, Householders: 4,
		}, "the paper's model of group word problems: one layer, no convolutions or gates", nil},
	},
	Float32: newDeltaProduct[float32],
	Float64: newDeltaProduct[float64],
}

const forgetGateHelp = "delta-product with a decay for each head and token"

// newDeltaProductSizes returns sizes with two steps a token, convolutions and both gates.
func newDeltaProductSizes(dEmb, layers, heads, dHead int) DeltaProduct {
	return DeltaProduct{LinearAttention: newLinearAttentionSizes(dEmb, layers, heads, dHead),
		DeltaRule: DeltaRule{NegativeEigenvalues: true, OutputGate: true}, Householders: 2, ForgetGate: true}
}

// Settings implements Sizes.
func (c *DeltaProduct) Settings() settings.Table {
	return append(append(c.LinearAttention.Settings(), c.DeltaRule.Settings()...), settings.Table{
		{Name: "householders", Help: "reflections, or delta steps, a token", Value: &c.Householders, Rule: settings.Between(1, largestSteps), ZeroKeeps: true},
		{Name: "forget-gate", Help: forgetGateHelp, Value: &c.ForgetGate},
	}...)
}

func newDeltaProduct[F params.Float](s params.Set[F], c DeltaProduct) Network[F] {
	return newLinearAttention(s, c.LinearAttention, func(s params.Set[F], layer int) layers.Mixer[F] {
		sizes := c.mixer(layer)
		c.DeltaRule.set(&sizes)
		sizes.Householders, sizes.ForgetGate = c.Householders, c.ForgetGate
		return layers.NewMixer("delta-product", s, sizes)
	})
}
