package schedule

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestValues holds each curve against values worked out by hand from its formula.
func TestValues(t *testing.T) {
	kind := map[string]Kind{"constant": &Constant{}, "cosine": &Cosine{MinLR: 0.1},
		"wsd": &WSD{MinLR: 0.1, DecayRatio: 0.2}, "one-cycle": &OneCycle{MinLR: 0.1, Beta1Max: 0.98}}
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
		s, err := New(Config{Name: c.name, LR: 1, Warmup: 4, Steps: 10, Beta1: 0.9, Kind: kind[c.name]})
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
			Name:  rapid.SampledFrom([]string{"constant", "cosine", "one-cycle", "wsd"}).Draw(t, "name"),
			Steps: rapid.IntRange(1, 300).Draw(t, "steps"),
			LR:    rapid.Float64Range(1e-6, 10).Draw(t, "lr"),
			Beta1: rapid.Float64Range(0.01, 0.9).Draw(t, "beta1"),
		}
		c.Warmup = rapid.IntRange(0, c.Steps).Draw(t, "warmup")
		minLR := c.LR * rapid.Float64Range(0, 1).Draw(t, "min")
		beta1Max := c.Beta1
		switch c.Name {
		case "constant":
			c.Kind = &Constant{}
		case "cosine":
			c.Kind = &Cosine{MinLR: minLR}
		case "one-cycle":
			beta1Max += rapid.Float64Range(0, 0.09).Draw(t, "max")
			c.Kind = &OneCycle{MinLR: minLR, Beta1Max: beta1Max}
		case "wsd":
			c.Kind = &WSD{MinLR: minLR, DecayRatio: rapid.Float64Range(0.01, 1).Draw(t, "decaying")}
		}
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
			if r.Beta1 < c.Beta1-slack || r.Beta1 > beta1Max+slack {
				t.Fatalf("step %d: beta1 %g outside [%g, %g]", step, r.Beta1, c.Beta1, beta1Max)
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
		if end := s.At(c.Steps).LR; c.Name != "constant" && c.Warmup < c.Steps && c.Steps > 1 && math.Abs(end-minLR) > slack*c.LR {
			t.Fatalf("%+v ends at %g", c, end)
		}
	})
}

// TestEnds: without a warm-up one-cycle begins at the peak, and steps before the first or after the last have the
// rates of those.
func TestEnds(t *testing.T) {
	for _, name := range []string{"constant", "cosine", "one-cycle", "wsd"} {
		for _, warmup := range []int{0, 1, 5} {
			c, err := NewConfig(name)
			if err != nil {
				t.Fatal(err)
			}
			c.Steps, c.Warmup, c.LR = 20, warmup, 0.01
			s, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			if s.At(0) != s.At(1) || s.At(-3) != s.At(1) || s.At(21) != s.At(20) {
				t.Errorf("%s, warm-up %d: %v before the first step %v, %v after the last %v", name, warmup, s.At(0), s.At(1), s.At(21), s.At(20))
			}
			if warmup < 2 && name != "cosine" && s.At(1).LR != 0.01 {
				t.Errorf("%s, warm-up %d: the first rate is %v, want the peak", name, warmup, s.At(1).LR)
			}
		}
	}
}
