package schedule

import "goomtrain/settings"

// Constant rises to its learning rate in the warm-up of W steps, by 1/W of it a step, and stays there.
type Constant struct{}

// Settings implements Kind.
func (*Constant) Settings() settings.Table { return nil }

// Validate implements Kind.
func (*Constant) Validate(Config) error { return nil }

// Momentum implements Kind.
func (*Constant) Momentum() float64 { return 0.9 }

// At implements Kind.
func (*Constant) At(c Config, step int) Rates {
	return Rates{LR: c.LR * part(step, c.Warmup), Beta1: c.Beta1}
}
