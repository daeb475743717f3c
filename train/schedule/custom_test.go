package schedule_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/settings"
	"goomtrain/train/schedule"
)

func init() { schedule.Register("power", &power{Exponent: 0.5}) }

// power is a schedule of another module: after the warm-up the rate falls as step^-exponent.
type power struct {
	schedule.Constant
	Exponent float64
}

func (k *power) Settings() settings.Table {
	return settings.Table{{Name: "exponent", Help: "of the step, by which the rate falls", Value: &k.Exponent, Rule: settings.Positive()}}
}

func (k *power) Validate(c schedule.Config) error {
	if c.Warmup == 0 {
		return fmt.Errorf("-warmup 0: must be at least 1 with -schedule power")
	}
	return nil
}

func (k *power) At(c schedule.Config, step int) schedule.Rates {
	r := k.Constant.At(c, step)
	r.LR *= math.Pow(max(1, float64(step)/float64(c.Warmup)), -k.Exponent)
	return r
}

// TestRegister uses a schedule of another module with a setting of its own.
func TestRegister(t *testing.T) {
	if names := schedule.Names(); !slices.Equal(names, []string{"constant", "cosine", "one-cycle", "wsd", "power"}) {
		t.Errorf("schedules %v", names)
	}
	c, err := schedule.NewConfig("power")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Settings().ParseFlags([]string{"-exponent", "2", "-lr", "1", "-warmup", "2", "-schedule-steps", "100"}); err != nil {
		t.Fatal(err)
	}
	s, err := schedule.New(c)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int]float64{1: 0.5, 2: 1, 4: 0.25, 20: 0.01} {
		if got := s.At(step); math.Abs(got.LR-want) > 1e-12 || got.Beta1 != 0.9 {
			t.Errorf("step %d: %+v, want lr %g, beta1 0.9", step, got, want)
		}
	}
	for want, args := range map[string][]string{
		"-exponent 0: must be positive":                      {"-exponent", "0"},
		"-warmup 0: must be at least 1 with -schedule power": {"-warmup", "0"},
	} {
		wrong := c.Clone()
		if _, _, err := wrong.Settings().ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		if err := wrong.Validate(); fmt.Sprint(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a name is taken twice")
		}
	}()
	schedule.Register("cosine", &power{})
}
