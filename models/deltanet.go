package models

import (
	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// DeltaNet holds the sizes of delta-net and gated-delta-net.
type DeltaNet struct {
	LinearAttention
	DeltaRule
}

// deltaNet is the language model of arXiv 2406.06484: each token replaces what the state has stored under its key.
// Unlike there, beta may reach 2 (arXiv 2411.12537), which costs nothing and lets the model track parity.
var deltaNet = Architecture[DeltaNet]{
	Name:    "delta-net",
	About:   "linear attention with the delta rule",
	Presets: deltaNetPresets(DeltaRule{NegativeEigenvalues: true}),
	Float32: newDeltaNet[float32],
	Float64: newDeltaNet[float64],
}

// gatedDeltaNet is the language model of arXiv 2412.06464: delta-net whose states also decay.
var gatedDeltaNet = Architecture[DeltaNet]{
	Name:    "gated-delta-net",
	About:   "linear attention with the delta rule and a decay for each head and token",
	Presets: deltaNetPresets(DeltaRule{NegativeEigenvalues: true, OutputGate: true}),
	Float32: newGatedDeltaNet[float32],
	Float64: newGatedDeltaNet[float64],
}

func deltaNetPresets(options DeltaRule) []Preset[DeltaNet] {
	return []Preset[DeltaNet]{
		{"nano", DeltaNet{newLinearAttentionSizes(64, 2, 4, 16), options}, "trains in seconds, for tests and debugging", nanoTraining},
		{"small", DeltaNet{newLinearAttentionSizes(128, 4, 4, 32), options}, "learns text in minutes on 2 cores", nil},
		{"base", DeltaNet{newLinearAttentionSizes(384, 6, 6, 64), options}, "hours of training on 2 cores", baseTraining},
	}
}

// Settings implements Sizes.
func (c *DeltaNet) Settings() settings.Table {
	return append(c.LinearAttention.Settings(), c.DeltaRule.Settings()...)
}

func newDeltaNet[F params.Float](s params.Set[F], c DeltaNet) Network[F] {
	return newDeltaRule(s, c, "delta")
}

func newGatedDeltaNet[F params.Float](s params.Set[F], c DeltaNet) Network[F] {
	return newDeltaRule(s, c, "gated-delta")
}

// newDeltaRule makes the network with mixers of that kind.
func newDeltaRule[F params.Float](s params.Set[F], c DeltaNet, kind string) Network[F] {
	return newLinearAttention(s, c.LinearAttention, func(s params.Set[F], layer int) layers.Mixer[F] {
		sizes := c.mixer(layer)
		c.DeltaRule.set(&sizes)
		return layers.NewMixer(kind, s, sizes)
	})
}
