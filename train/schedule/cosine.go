package schedule

import "goomtrain/settings"

// Cosine rises as Constant does in the warm-up and then falls to MinLR along half a cosine.
type Cosine struct {
	Constant
	MinLR float64 // learning rate at the end of the curve
}

// Settings implements Kind.
func (k *Cosine) Settings() settings.Table { return settings.Table{minLRSetting(&k.MinLR)} }

// Validate implements Kind.
func (k *Cosine) Validate(c Config) error { return checkMinLR(k.MinLR, c) }

// At implements Kind.
func (k *Cosine) At(c Config, step int) Rates {
	if step <= c.Warmup {
		return k.Constant.At(c, step)
	}
	return Rates{LR: anneal(c.LR, k.MinLR, part(step-c.Warmup, c.Steps-c.Warmup)), Beta1: c.Beta1}
}
