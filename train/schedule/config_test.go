package schedule

import (
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/settings"
)

func config(t *testing.T, name string) Config {
	t.Helper()
	c, err := NewConfig(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSettings: a schedule lists the settings that it has; a resumed run may change all of them.
func TestSettings(t *testing.T) {
	for name, own := range map[string][]string{
		"constant": nil, "cosine": {"min-lr"}, "one-cycle": {"min-lr", "beta1-max"}, "wsd": {"min-lr", "decay-ratio"},
	} {
		c := config(t, name)
		want := append([]string{"schedule", "lr", "warmup", "schedule-steps", "beta1"}, own...)
		if got := c.Settings().Names(); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", name, got, want)
		}
		for _, s := range c.Settings() {
			if s.Change != settings.Steers {
				t.Errorf("%s: a resumed run may change %s by rule %d", name, s.Name, s.Change)
			}
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestConfigsAreIndependent: neither a clone, nor a schedule made before, nor another configuration of the name
// sees what is set in the first.
func TestConfigsAreIndependent(t *testing.T) {
	c := config(t, "cosine")
	c.Steps = 100
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	clone := c.Clone()
	c.Kind.(*Cosine).MinLR = 1e-3
	for _, other := range []Config{clone, config(t, "cosine"), s.c} {
		if got := other.Kind.(*Cosine).MinLR; got != 1e-5 {
			t.Errorf("min-lr %g", got)
		}
	}
}

// TestResolve: what is automatic follows from the kind and from the length of the curve.
func TestResolve(t *testing.T) {
	for name, want := range map[string]float64{"constant": 0.9, "cosine": 0.9, "one-cycle": 0.85, "wsd": 0.9} {
		c := config(t, name)
		c.Resolve()
		if c.Beta1 != want || c.Warmup != 10 {
			t.Errorf("%s: beta1 %g, warmup %d, want %g and 10", name, c.Beta1, c.Warmup, want)
		}
		if c.Steps = 4; c.Validate() != nil {
			t.Errorf("%s: %v", name, c.Validate())
		}
		if c.Resolve(); c.Warmup != 4 {
			t.Errorf("%s: warmup %d in a curve of 4 steps", name, c.Warmup)
		}
	}
}

// TestResolveWithoutAKind: what does not depend on the kind is resolved all the same.
func TestResolveWithoutAKind(t *testing.T) {
	c := Config{Warmup: 10, Steps: 4}
	if c.Resolve(); c.Warmup != 4 || c.Beta1 != 0 {
		t.Errorf("warmup %d, beta1 %g, want 4 and 0", c.Warmup, c.Beta1)
	}
}

// TestDefaults: a run that names only a schedule has these rates.
func TestDefaults(t *testing.T) {
	const shared = "-lr 0.003 -warmup 10 -schedule-steps 0 -beta1 0"
	for name, own := range map[string]string{
		"constant": "", "cosine": " -min-lr 1e-05", "one-cycle": " -min-lr 1e-05 -beta1-max 0.99", "wsd": " -min-lr 1e-05 -decay-ratio 0.2",
	} {
		c, got := config(t, name), ""
		for _, s := range c.Settings() {
			got += " -" + s.Name + " " + s.Text()
		}
		if want := " -schedule " + name + " " + shared + own; got != want {
			t.Errorf("%s, want%s", got, want)
		}
	}
}

// TestOnlyWarmup: a curve that is no longer than its warm-up ends at the peak, also if it has a single step.
func TestOnlyWarmup(t *testing.T) {
	for _, name := range []string{"constant", "cosine", "one-cycle", "wsd"} {
		for _, steps := range []int{1, 2, 10} {
			c := config(t, name)
			c.Steps = steps
			s, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := s.At(steps), (Rates{LR: 3e-3, Beta1: c.Kind.Momentum()}); math.Abs(got.LR-want.LR) > 1e-15 || math.Abs(got.Beta1-want.Beta1) > 1e-15 {
				t.Errorf("%s, last of %d steps: %+v, want %+v", name, steps, got, want)
			}
		}
	}
}

// TestShortWarmup: the warm-up of one-cycle begins at its first step with a 25th of the peak and ends at the peak in its last,
// however short it is.
func TestShortWarmup(t *testing.T) {
	for warmup, want := range map[int][]float64{2: {0.04, 1}, 3: {0.04, 0.52, 1}, 5: {0.04, 0.52 - 0.48*math.Sqrt2/2, 0.52, 0.52 + 0.48*math.Sqrt2/2, 1}} {
		c := config(t, "one-cycle")
		c.LR, c.Warmup, c.Steps, c.Kind = 1, warmup, 10, &OneCycle{Beta1Max: 0.95}
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		for i, lr := range want {
			got, beta1 := s.At(i+1), 0.95-0.1*(lr-0.04)/0.96
			if math.Abs(got.LR-lr) > 1e-12 || math.Abs(got.Beta1-beta1) > 1e-12 {
				t.Errorf("warm-up of %d, step %d: %+v, want %g and %g", warmup, i+1, got, lr, beta1)
			}
		}
	}
}

// TestSmallConstantRate: a rate below the others' default of min-lr.
func TestSmallConstantRate(t *testing.T) {
	c := config(t, "constant")
	c.LR, c.Steps = 5e-6, 20
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.At(20).LR; got != 5e-6 {
		t.Errorf("lr %g", got)
	}
}

func TestRefuses(t *testing.T) {
	for want, spoil := range map[string]func(c *Config){
		`-schedule "cosin": must be one of constant, cosine`: func(c *Config) { c.Name = "cosin" },
		"schedule cosine: its Kind is *schedule.WSD, want":   func(c *Config) { c.Name = "cosine" },
		"schedule wsd: its Kind is <nil>":                    func(c *Config) { c.Kind = nil },
		"-schedule-steps -1: must be at least 1":             func(c *Config) { c.Steps = -1 },
		"schedule wsd: Steps is 0":                           func(c *Config) { c.Steps = 0 },
		"-warmup -1: must be at least 0":                     func(c *Config) { c.Warmup = -1 },
		"-lr NaN: must be positive":                          func(c *Config) { c.LR = math.NaN() },
		"-min-lr 2: must be at most -lr 1":                   func(c *Config) { c.Kind = &WSD{MinLR: 2, DecayRatio: 0.2} },
		"-min-lr -1: must be at least 0":                     func(c *Config) { c.Kind = &WSD{MinLR: -1, DecayRatio: 0.2} },
		"-beta1 1: must lie in [0, 1)":                       func(c *Config) { c.Beta1 = 1 },
		"-beta1 0.99999999: rounds to 1 in float32":          func(c *Config) { c.Beta1 = 0.99999999 },
		"-beta1-max 0.5: must be at least -beta1 0.85":       func(c *Config) { c.Name, c.Beta1, c.Kind = "one-cycle", 0, &OneCycle{Beta1Max: 0.5} },
		"-beta1-max 0.99999999: rounds to 1 in float32":      func(c *Config) { c.Name, c.Kind = "one-cycle", &OneCycle{Beta1Max: 0.99999999} },
		"-min-lr 3: must be at most -lr 1":                   func(c *Config) { c.Name, c.Kind = "one-cycle", &OneCycle{MinLR: 3, Beta1Max: 0.95} },
		"-decay-ratio 0: must lie in (0, 1]":                 func(c *Config) { c.Kind = &WSD{} },
	} {
		c := Config{Name: "wsd", LR: 1, Steps: 10, Beta1: 0.9, Kind: &WSD{DecayRatio: 0.2}}
		spoil(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", c, err, want)
		}
	}
	if _, err := NewConfig("cosin"); err == nil || !strings.Contains(err.Error(), `did you mean "cosine"?`) {
		t.Errorf("error %v", err)
	}
}
