package optim

import (
	"fmt"
	"reflect"
	"strconv"

	"goomtrain/internal/registry"
	"goomtrain/params"
	"goomtrain/settings"
)

// A Config is an optimizer with its settings: those that all optimizers share and those of its kind. A copy by
// assignment shares the settings of the kind with the original; Clone makes an independent copy.
type Config struct {
	Name        string  // one of Names
	LRRecurrent float64 // factor on the learning rate of parameters with the role Recurrent
	Kind        Kind    // of the type registered under Name
}

// NewConfig returns the optimizer of that name with its default settings.
func NewConfig(name string) (Config, error) {
	kind, err := kinds.Find(name)
	if err != nil {
		return Config{}, err
	}
	return Config{Name: name, LRRecurrent: 1, Kind: registry.Copy(kind)}, nil
}

// Settings lists the name, the settings that all optimizers share, and those of this kind. To change the name,
// make another Config.
func (c *Config) Settings() settings.Table {
	t := settings.Table{
		{Name: "optimizer", Value: &c.Name, Rule: settings.OneOfFunc(Names), Change: settings.Frozen},
		{Name: "lr-recurrent", Help: "factor on the learning rate of a recurrence's matrix: below 1 keeps long memory",
			Value: &c.LRRecurrent, Rule: settings.Positive(), Change: settings.Steers},
	}
	if c.Kind != nil {
		t = append(t, c.Kind.Settings()...)
	}
	return t
}

// Validate applies the rules of the settings.
func (c Config) Validate() error {
	if err := c.Settings().Validate(); err != nil {
		return err
	}
	kind, err := kinds.Find(c.Name)
	if err == nil && reflect.TypeOf(kind) != reflect.TypeOf(c.Kind) {
		err = fmt.Errorf("optimizer %s: its Kind is %T, want %T as NewConfig makes it", c.Name, c.Kind, kind)
	}
	return err
}

// ScaleRate returns the learning rate of this optimizer with which a model learns about as well as with that rate of
// AdamW, rounded to three digits: the same unless the Kind is Scaled.
func (c Config) ScaleRate(adamw float64) float64 {
	k, ok := c.Kind.(Scaled)
	if !ok {
		return adamw
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(adamw*k.RateFactor(), 'g', 3, 64), 64)
	if err != nil {
		panic(err) // it reads what it wrote
	}
	return rounded
}

// Clone returns an independent copy.
func (c Config) Clone() Config {
	c.Kind = registry.Copy(c.Kind)
	return c
}

// Rate is the factor on the learning rate of parameters of that role. A recurrence's matrix has a factor of its
// own: the model computes with powers of the matrix, so a small change of it has a large effect on what the
// model remembers. Updates as large as those of other matrices act as noise that moves its eigenvalues away
// from the unit circle, so that old inputs are forgotten.
func (c Config) Rate(role params.Role) float64 {
	if role == params.Recurrent {
		return c.LRRecurrent
	}
	return 1
}

// weightDecaySetting and beta2Setting are shared by several optimizers.
func weightDecaySetting(value *float64) settings.Setting {
	return settings.Setting{Name: "weight-decay", Help: "decoupled weight decay, of all but biases and gains", Value: value, Rule: settings.AtLeast(0), Change: settings.Steers}
}

func beta2Setting(value *float64, help string) settings.Setting {
	return settings.Setting{Name: "beta2", Help: help, Value: value, Rule: settings.Fraction(), Change: settings.Steers}
}

// checkDecay returns an error for the decay of a running mean that rounds to 1 in F, with which the mean would
// never change.
func checkDecay[F params.Float](name string, decay float64) error {
	if F(decay) == 1 {
		return fmt.Errorf("-%s %v: rounds to 1 in %T, so that the mean would never change: must be smaller", name, decay, F(0))
	}
	return nil
}
