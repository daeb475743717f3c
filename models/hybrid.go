package models

import (
	"fmt"
	"slices"
	"strings"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/settings"
)

// Hybrid holds the sizes of hybrid. Options that 0 leaves to the mixer are set only where the pattern has one that
// reads them.
type Hybrid struct {
	LinearAttention
	DeltaRule
	Pattern      string // names of mixers separated by commas, repeated over the layers
	ForgetGate   bool   // states of delta-product decay
	Householders int    // of delta-product and goom-householder; 0: 2
	TaylorTerms  int    // of taylor; 0: 4, which stored runs have; an odd number trains better
	Window       int    // of window; 0: 128
}

// defaultPattern is that of hybrid: the recurrence for what is far, attention for what is near. On text it learned most in a
// given time (docs/results.md).
const defaultPattern = "goom,window"

// hybrid is a stack of LinearAttentionBlocks with mixers of several kinds.
var hybrid = Architecture[Hybrid]{
	Name:  "hybrid",
	About: "mixers of several kinds by -pattern, such as a recurrence and window attention in turn",
	Presets: []Preset[Hybrid]{
		{"nano", newHybridSizes(64, 2, 4, 16, defaultPattern), "trains in seconds, for tests and debugging", nanoTraining},
		{"small", newHybridSizes(96, 4, 3, 32, defaultPattern), "learns text in two minutes on 2 cores", pairs("steps", "500", "eval-every", "100")},
		{"base", newHybridSizes(384, 8, 6, 64, defaultPattern), "hours of training on 2 cores", baseTraining},
	},
	Float32: newHybrid[float32],
	Float64: newHybrid[float64],
}

func newHybridSizes(dEmb, layers, heads, dHead int, pattern string) Hybrid {
	return Hybrid{LinearAttention: newLinearAttentionSizes(dEmb, layers, heads, dHead),
		DeltaRule: DeltaRule{NegativeEigenvalues: true, OutputGate: true}, ForgetGate: true, Pattern: pattern}
}

// Settings implements Sizes.
func (c *Hybrid) Settings() settings.Table {
	return append(append(c.LinearAttention.Settings(), c.DeltaRule.Settings()...), settings.Table{
		{Name: "pattern", Help: "mixers separated by commas, repeated over the layers: " + strings.Join(Mixers(), ", "), Value: &c.Pattern, ZeroKeeps: true},
		{Name: "forget-gate", Help: forgetGateHelp, Value: &c.ForgetGate},
		{Name: "householders", Help: "reflections, or delta steps, a token", Value: &c.Householders, Rule: settings.Between(1, largestSteps), Zero: "2 where the model has them"},
		{Name: "taylor-terms", Help: taylorTermsHelp, Value: &c.TaylorTerms, Rule: settings.Between(1, ops.MaxTaylorTerms), Zero: "4 where the model has them"},
		{Name: "window", Help: "positions that window attention sees", Value: &c.Window, Rule: settings.Between(1, largestWidth), Zero: "128"},
	}...)
}

// mixers lists the mixers of the pattern.
func (c *Hybrid) mixers() []string {
	names := strings.Split(c.Pattern, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// Validate implements Sizes.
func (c *Hybrid) Validate() error {
	names := c.mixers()
	for _, name := range names {
		if _, err := layers.FindMixer(name); err != nil {
			return fmt.Errorf("-pattern %q: %w", c.Pattern, err)
		}
	}
	if len(names) > c.Layers {
		if strings.Join(names, ",") != defaultPattern {
			return fmt.Errorf("-pattern %q has %d mixers, but -layers is %d: raise it, or shorten the pattern", c.Pattern, len(names), c.Layers)
		}
		names = names[:c.Layers] // one layer has the first mixer of the default
	}
	for _, option := range []struct {
		name  string
		value int
	}{{"d-value", c.DValue}, {"householders", c.Householders}, {"taylor-terms", c.TaylorTerms}, {"window", c.Window}} {
		of := mixersWith(option.name)
		if option.value != 0 && !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(of, name) }) {
			return fmt.Errorf("-%s %d: no mixer of -pattern %q has this, only %s: leave it out", option.name, option.value, strings.Join(names, ","), strings.Join(of, ", "))
		}
	}
	if slices.Contains(names, "taylor") {
		if m := ops.CountTaylorFeatures(c.DHead, c.sizes(0).TaylorTerms); m > ops.MaxTaylorFeatures {
			return fmt.Errorf("-d-head %d with %d Taylor terms has more than %d features a head: reduce one of them", c.DHead, c.sizes(0).TaylorTerms, ops.MaxTaylorFeatures)
		}
	}
	return c.LinearAttention.Validate()
}

// mixersWith lists the mixers that read an option.
func mixersWith(option string) (names []string) {
	for _, name := range Mixers() {
		if kind, err := layers.FindMixer(name); err == nil && slices.Contains(kind.Options, option) {
			names = append(names, name)
		}
	}
	return names
}

// sizes returns the sizes of the mixer of a block.
func (c *Hybrid) sizes(layer int) layers.MixerSizes {
	sizes := c.mixer(layer)
	c.DeltaRule.set(&sizes)
	sizes.ForgetGate = c.ForgetGate
	sizes.Householders, sizes.TaylorTerms, sizes.Window = or(c.Householders, 2), or(c.TaylorTerms, 4), or(c.Window, 128)
	return sizes
}

// or returns x, or the default if x is 0.
func or(x, otherwise int) int {
	if x == 0 {
		return otherwise
	}
	return x
}

func newHybrid[F params.Float](s params.Set[F], c Hybrid) Network[F] {
	return newLinearAttention(s, c.LinearAttention, mixerOf[F](c))
}

// mixerOf returns the function that makes the mixer of each block by the pattern.
func mixerOf[F params.Float](c Hybrid) func(s params.Set[F], layer int) layers.Mixer[F] {
	names := c.mixers()
	return func(s params.Set[F], layer int) layers.Mixer[F] {
		return layers.NewMixer(names[layer%len(names)], s, c.sizes(layer))
	}
}
