package schedule

import "goomtrain/settings"

func init() { Register("constant", &Constant{}) }

// Constant rises to its rate in the warm-up and stays there: 1/W, 2/W ... 1 of it, then 1.
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
