package schedule

import (
	"fmt"

	"goomtrain/settings"
)

// OneCycle raises the learning rate from LR/25 to LR in the warm-up and then lowers it to MinLR, both along
// half a cosine. The momentum moves in the opposite direction: Beta1Max, Beta1, Beta1Max. The peak is the last
// step of the warm-up, as in PyTorch's OneCycleLR, which the GOOM paper (arXiv 2510.03426) used with a momentum
// of 0.85 to 0.99 and a warm-up of few steps.
type OneCycle struct {
	MinLR    float64 // learning rate at the end of the curve
	Beta1Max float64 // momentum at both ends
}

// startDivisor is the ratio of the peak to the first learning rate, from Smith and Topin (arXiv 1708.07120), as
// in other implementations.
const startDivisor = 25

// Settings implements Kind.
func (k *OneCycle) Settings() settings.Table {
	return settings.Table{
		minLRSetting(&k.MinLR),
		{Name: "beta1-max", Help: "momentum at both ends", Value: &k.Beta1Max, Rule: settings.Fraction()},
	}
}

// Validate implements Kind.
func (k *OneCycle) Validate(c Config) error {
	if k.Beta1Max < c.Beta1 {
		return fmt.Errorf("-beta1-max %v: must be at least -beta1 %v", k.Beta1Max, c.Beta1)
	}
	if err := checkMomentum("beta1-max", k.Beta1Max); err != nil {
		return err
	}
	return checkMinLR(k.MinLR, c)
}

// Momentum implements Kind.
func (k *OneCycle) Momentum() float64 { return 0.85 }

// At implements Kind.
func (k *OneCycle) At(c Config, step int) Rates {
	if step <= c.Warmup {
		t := part(step-1, c.Warmup-1)
		start := max(c.LR/startDivisor, k.MinLR)
		return Rates{LR: anneal(start, c.LR, t), Beta1: anneal(k.Beta1Max, c.Beta1, t)}
	}
	peak := max(c.Warmup, 1)
	t := part(step-peak, c.Steps-peak)
	return Rates{LR: anneal(c.LR, k.MinLR, t), Beta1: anneal(c.Beta1, k.Beta1Max, t)}
}
