package schedule

import (
	"fmt"
	"reflect"

	"goomtrain/internal/registry"
	"goomtrain/settings"
)

// A Config is a schedule with its settings: those that all schedules share and those of its kind. A copy by
// assignment shares the settings of the kind with the original; Clone makes an independent copy.
type Config struct {
	Name   string  // one of Names
	LR     float64 // peak learning rate
	Warmup int     // steps until the peak is reached; more than Steps: all of them
	Steps  int     // length of the curve in steps, after which the last value holds; 0: must be set before New
	Beta1  float64 // momentum; 0: that of the kind
	Kind   Kind    // of the type registered under Name
}

// NewConfig returns the schedule of that name with its default settings.
func NewConfig(name string) (Config, error) {
	kind, err := kinds.Find(name)
	if err != nil {
		return Config{}, err
	}
	return Config{Name: name, LR: 3e-3, Warmup: 10, Kind: registry.Copy(kind)}, nil
}

// Settings lists the name, the settings that all schedules share, and those of this kind. To change the name,
// make another Config.
func (c *Config) Settings() settings.Table {
	t := settings.Table{
		{Name: "schedule", Value: &c.Name, Rule: settings.OneOfFunc(Names)},
		{Name: "lr", Help: "peak learning rate; by default, with muon three times that of adamw", Value: &c.LR, Rule: settings.Positive()},
		{Name: "warmup", Help: "steps until the peak", Value: &c.Warmup, Rule: settings.AtLeast(0)},
		{Name: "schedule-steps", Help: "length of the learning rate curve", Value: &c.Steps, Rule: settings.AtLeast(1), Zero: "the larger of -steps and the preset's steps"},
		{Name: "beta1", Help: "momentum; of one-cycle that at the peak", Value: &c.Beta1, Rule: settings.Fraction(), Zero: "0.85 with one-cycle, else 0.9"},
	}
	if c.Kind != nil {
		t = append(t, c.Kind.Settings()...)
	}
	for i := range t {
		t[i].Change = settings.Steers
	}
	return t
}

// Validate applies the rules of the settings and of the kind. Steps may be 0.
func (c Config) Validate() error {
	if err := c.Settings().Validate(); err != nil {
		return err
	}
	kind, err := kinds.Find(c.Name)
	if err != nil {
		return err
	}
	if reflect.TypeOf(kind) != reflect.TypeOf(c.Kind) {
		return fmt.Errorf("schedule %s: its Kind is %T, want %T as NewConfig makes it", c.Name, c.Kind, kind)
	}
	c.Resolve()
	if err := checkMomentum("beta1", c.Beta1); err != nil {
		return err
	}
	return c.Kind.Validate(c)
}

// Resolve replaces automatic values: a Beta1 of 0, if Kind is set, and a Warmup longer than Steps, if Steps is set.
func (c *Config) Resolve() {
	if c.Beta1 == 0 && c.Kind != nil {
		c.Beta1 = c.Kind.Momentum()
	}
	if c.Steps > 0 {
		c.Warmup = min(c.Warmup, c.Steps)
	}
}

// Clone returns an independent copy.
func (c Config) Clone() Config {
	c.Kind = registry.Copy(c.Kind)
	return c
}

// checkMomentum returns an error for a decay that rounds to 1, with which the momentum would never change.
func checkMomentum(name string, beta float64) error {
	if float32(beta) == 1 {
		return fmt.Errorf("-%s %v: rounds to 1 in float32, so that the momentum would never change: must be smaller", name, beta)
	}
	return nil
}

// minLRSetting and checkMinLR are for the kinds that have a learning rate at the end of the curve.
func minLRSetting(value *float64) settings.Setting {
	return settings.Setting{Name: "min-lr", Help: "learning rate at the end", Value: value, Rule: settings.AtLeast(0)}
}

func checkMinLR(minLR float64, c Config) error {
	if minLR > c.LR {
		return fmt.Errorf("-min-lr %v: must be at most -lr %v", minLR, c.LR)
	}
	return nil
}
