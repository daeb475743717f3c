package optim

import (
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/params"
	"goomtrain/settings"
)

// TestSettings: an optimizer lists the settings that it has, with their defaults.
func TestSettings(t *testing.T) {
	for name, want := range map[string]string{
		"adamw": "optimizer=adamw lr-recurrent=1 weight-decay=0.1 beta2=0.99 eps=1e-08",
		"lion":  "optimizer=lion lr-recurrent=1 weight-decay=0.1 beta2=0.99",
		"muon":  "optimizer=muon lr-recurrent=1 weight-decay=0.1 beta2=0.99 eps=1e-08",
	} {
		c := configure(t, name, nil)
		var got []string
		for _, s := range c.Settings() {
			got = append(got, s.Name+"="+s.Text())
			ofSome := name == "muon" && (s.Name == "beta2" || s.Name == "eps")
			if strings.HasSuffix(s.Help, ", of parameters that AdamW updates") != ofSome {
				t.Errorf("%s: -%s: %s", name, s.Name, s.Help)
			}
			if frozen := s.Change == settings.Frozen; frozen != (s.Name == "optimizer") || s.Change == settings.Free {
				t.Errorf("%s: a resumed run may change %s by rule %d", name, s.Name, s.Change)
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s has %s, want %s", name, text, want)
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestConfigsAreIndependent: neither a clone nor a second configuration of a name sees what is set in the first.
func TestConfigsAreIndependent(t *testing.T) {
	c := configure(t, "muon", nil)
	clone := c.Clone()
	c.Kind.(*Muon).Beta2 = 0.5
	for _, other := range []Config{clone, configure(t, "muon", nil)} {
		if got := other.Kind.(*Muon).Beta2; got != 0.99 {
			t.Errorf("beta2 %g", got)
		}
	}
	if c.Settings().Set(settings.Pair{Name: "beta2", Text: "0.25"}) != nil || c.Kind.(*Muon).Beta2 != 0.25 {
		t.Errorf("beta2 %g, want 0.25", c.Kind.(*Muon).Beta2)
	}
}

func TestConfigRefuses(t *testing.T) {
	for want, c := range map[string]Config{
		`-optimizer "adam": must be one of adamw, lion, muon`:        {Name: "adam", LRRecurrent: 1, Kind: &AdamW{Beta2: 0.9, Eps: 1}},
		"optimizer lion: its Kind is *optim.AdamW, want *optim.Lion": {Name: "lion", LRRecurrent: 1, Kind: &AdamW{Beta2: 0.9, Eps: 1}},
		"optimizer lion: its Kind is <nil>":                          {Name: "lion", LRRecurrent: 1},
		"-beta2 1: must lie in [0, 1)":                               configure(t, "lion", map[string]float64{"beta2": 1}),
		"-eps 0: must be positive":                                   configure(t, "muon", map[string]float64{"eps": 0}),
		"-weight-decay NaN":                                          configure(t, "adamw", map[string]float64{"weight-decay": math.NaN()}),
		"-lr-recurrent -1: must be positive":                         configure(t, "adamw", map[string]float64{"lr-recurrent": -1}),
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if _, err := New(c, model[float32](1)); err == nil {
			t.Errorf("%+v is built", c)
		}
	}
	if _, err := NewConfig("adam"); err == nil || !strings.Contains(err.Error(), `did you mean "adamw"?`) {
		t.Errorf("error %v", err)
	}
}

// TestRoundingRefused: settings that are valid in float64 but have no meaning in float32. With a beta2 that
// rounds to 1 a mean square stays 0 while its correction grows, so that steps are divided by eps.
func TestRoundingRefused(t *testing.T) {
	for _, name := range []string{"adamw", "lion", "muon"} {
		for setting, x := range map[string]float64{"beta2": 0.99999999, "eps": 1e-46} {
			c := configure(t, name, map[string]float64{setting: x})
			if !slices.Contains(c.Settings().Names(), setting) {
				continue
			}
			if _, err := New(c, model[float32](1)); err == nil || !strings.Contains(err.Error(), "-"+setting) {
				t.Errorf("%s in float32: error %v, want one that names %s", name, err, setting)
			}
			build(t, c, model[float64](1))
		}
	}
	p := params.New[float32]("w", params.Vector, 1)
	p.Grad[0] = 0.01
	opt := build(t, configure(t, "adamw", map[string]float64{"beta2": 0.9999999, "eps": 1e-8}), []*params.Param[float32]{p})
	for range 10 {
		opt.Update(1e-3, 0.9, 1)
	}
	if x := math.Abs(float64(p.Value[0])); !(x > 0.005 && x < 0.02) {
		t.Errorf("ten steps of 1e-3 move a weight by %g", x)
	}
}
