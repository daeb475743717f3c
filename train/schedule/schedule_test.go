package schedule

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func Example() {
	s, err := New(Config{Name: "one-cycle", Steps: 100, Warmup: 10, LR: 1e-3, MinLR: 1e-5, Beta1: 0.85, BetaMax: 0.99})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range []int{1, 10, 55, 100, 200} {
		r := s.At(step)
		fmt.Printf("step %3d: lr %.6f, beta1 %.3f\n", step, r.LR, r.Beta1)
	}
	// Output:
	// step   1: lr 0.000040, beta1 0.990
	// step  10: lr 0.001000, beta1 0.850
	// step  55: lr 0.000505, beta1 0.920
	// step 100: lr 0.000010, beta1 0.990
	// step 200: lr 0.000010, beta1 0.990
}

// TestValues holds each curve against values worked out by hand from its formula.
func TestValues(t *testing.T) {
	base := Config{Steps: 10, Warmup: 4, LR: 1, MinLR: 0.1, Beta1: 0.9, BetaMax: 0.98, Decaying: 0.2}
	for _, c := range []struct {
		name string
		step int
		want Rates
	}{
		{"constant", 1, Rates{0.25, 0.9}},
		{"constant", 4, Rates{1, 0.9}},
		{"constant", 10, Rates{1, 0.9}},
		{"cosine", 2, Rates{0.5, 0.9}},
		{"cosine", 4, Rates{1, 0.9}},
		{"cosine", 7, Rates{0.55, 0.9}}, // half way of 6 steps
		{"cosine", 10, Rates{0.1, 0.9}},
		{"wsd", 3, Rates{0.75, 0.9}},
		{"wsd", 8, Rates{1, 0.9}},
		{"wsd", 9, Rates{0.55, 0.9}},
		{"wsd", 10, Rates{0.1, 0.9}},
		{"one-cycle", 1, Rates{0.1, 0.98}}, // 1/25 would lie below the end
		{"one-cycle", 4, Rates{1, 0.9}},
		{"one-cycle", 7, Rates{0.55, 0.94}}, // half way from step 4 to step 10
		{"one-cycle", 10, Rates{0.1, 0.98}},
	} {
		config := base
		config.Name = c.name
		s, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		got := s.At(c.step)
		if math.Abs(got.LR-c.want.LR) > 1e-12 || math.Abs(got.Beta1-c.want.Beta1) > 1e-12 {
			t.Errorf("%s at step %d: %+v, want %+v", c.name, c.step, got, c.want)
		}
	}
}

// TestProperties: whatever the sizes, the rates stay in their bounds, the peak is reached (also with
// no warm-up), the curve rises before it, never rises after it, and momentum moves against it.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			Name:  rapid.SampledFrom(Names()).Draw(t, "name"),
			Steps: rapid.IntRange(1, 300).Draw(t, "steps"),
			LR:    rapid.Float64Range(1e-6, 10).Draw(t, "lr"),
			Beta1: rapid.Float64Range(0, 0.9).Draw(t, "beta1"),
		}
		c.Warmup = rapid.IntRange(0, c.Steps).Draw(t, "warmup")
		c.MinLR = c.LR * rapid.Float64Range(0, 1).Draw(t, "min")
		c.BetaMax = c.Beta1 + rapid.Float64Range(0, 0.09).Draw(t, "max")
		c.Decaying = rapid.Float64Range(0.01, 1).Draw(t, "decaying")
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		const slack = 1e-9
		peak := max(c.Warmup, 1)
		previous := s.At(1)
		for step := 1; step <= c.Steps+5; step++ {
			r := s.At(step)
			if !(r.LR >= 0) || r.LR > c.LR*(1+slack) {
				t.Fatalf("step %d: lr %g outside [0, %g]", step, r.LR, c.LR)
			}
			if r.Beta1 < c.Beta1-slack || r.Beta1 > max(c.BetaMax, c.Beta1)+slack {
				t.Fatalf("step %d: beta1 %g outside [%g, %g]", step, r.Beta1, c.Beta1, c.BetaMax)
			}
			up, down := r.LR > previous.LR*(1+slack), r.LR < previous.LR*(1-slack)
			if step <= peak && down || step > peak && up {
				t.Fatalf("step %d of %+v: lr goes from %g to %g", step, c, previous.LR, r.LR)
			}
			if up && r.Beta1 > previous.Beta1+slack || down && r.Beta1 < previous.Beta1-slack {
				t.Fatalf("step %d of %+v: beta1 moves with the learning rate", step, c)
			}
			previous = r
		}
		// The top is reached unless the only step there is has to be the end of the curve too.
		if top := s.At(c.Warmup).LR; c.Warmup > 0 && c.Warmup < c.Steps && math.Abs(top-c.LR) > slack*c.LR {
			t.Fatalf("%+v peaks at %g", c, top)
		}
		if end := s.At(c.Steps).LR; c.Name != "constant" && c.Warmup < c.Steps && c.Steps > 1 && math.Abs(end-c.MinLR) > slack*c.LR {
			t.Fatalf("%+v ends at %g", c, end)
		}
	})
}

func TestRefuses(t *testing.T) {
	good := Config{Name: "wsd", Steps: 10, LR: 1, Beta1: 0.9, Decaying: 0.2}
	for want, spoil := range map[string]func(c *Config){
		"none of constant, cosine": func(c *Config) { c.Name = "cosin" },
		"steps 0":                  func(c *Config) { c.Steps = 0 },
		"warmup 11":                func(c *Config) { c.Warmup = 11 },
		"lr NaN":                   func(c *Config) { c.LR = math.NaN() },
		"min-lr 2":                 func(c *Config) { c.MinLR = 2 },
		"beta1 1":                  func(c *Config) { c.Beta1 = 1 },
		"beta1-max 0.5":            func(c *Config) { c.Name, c.BetaMax = "one-cycle", 0.5 },
		"decay-ratio 0":            func(c *Config) { c.Decaying = 0 },
	} {
		c := good
		spoil(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", c, err, want)
		}
	}
}
