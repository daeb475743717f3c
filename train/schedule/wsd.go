package schedule

import (
	"math"

	"goomtrain/settings"
)

// WSD is the schedule "warm-up, stable, decay" (arXiv 2404.06395): it rises as Constant does, stays, and falls
// linearly to MinLR in the last part of the curve.
type WSD struct {
	Constant
	MinLR      float64 // learning rate at the end of the curve
	DecayRatio float64 // fraction of the curve, at its end, in which the rate falls
}

// Settings implements Kind.
func (k *WSD) Settings() settings.Table {
	return settings.Table{
		minLRSetting(&k.MinLR),
		{Name: "decay-ratio", Help: "fraction of the curve in which the learning rate falls", Value: &k.DecayRatio, Rule: settings.FractionTo1()},
	}
}

// Validate implements Kind.
func (k *WSD) Validate(c Config) error { return checkMinLR(k.MinLR, c) }

// At implements Kind.
func (k *WSD) At(c Config, step int) Rates {
	decaying := min(int(math.Ceil(k.DecayRatio*float64(c.Steps))), c.Steps-c.Warmup)
	if stable := c.Steps - decaying; step > stable {
		return Rates{LR: c.LR + (k.MinLR-c.LR)*part(step-stable, decaying), Beta1: c.Beta1}
	}
	return k.Constant.At(c, step)
}
