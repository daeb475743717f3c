package models

import (
	"strings"
	"testing"

	"goomtrain/layers"
	"goomtrain/params"
)

// variants are transformers with every choice of positions and MLP; what all models must do is in
// model_test.go.
func variants(t *testing.T, body func(t *testing.T, c Config)) {
	for _, name := range Names() {
		if !isTransformer(name) {
			continue
		}
		for _, positions := range []string{"rotary", "learned", "none"} {
			for _, mlp := range []string{"gelu", "swiglu"} {
				t.Run(name+" "+positions+" "+mlp, func(t *testing.T) {
					c := smallest(t, name)
					set(t, c, "positions", positions, "mlp", mlp)
					if positions == "learned" {
						set(t, c, "context", "100", "d-mlp", "20")
					}
					body(t, c)
				})
			}
		}
	}
}

// TestVariantsStream: a stream gives the logits of the whole sequence.
func TestVariantsStream(t *testing.T) {
	variants(t, func(t *testing.T, c Config) {
		const length = 100
		m := build[float64](t, c)
		tokens, _ := text(1, length, c.Common().Vocab)
		whole := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
		s, err := m.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		for _, span := range [][2]int{{0, 1}, {1, 70}, {70, 100}} {
			got, err := s.Append(tokens[span[0]:span[1]])
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got {
				if want := whole[(span[1]-1)*c.Common().Vocab+i]; !(v-want < 1e-10 && want-v < 1e-10) {
					t.Fatalf("after %d tokens: logit %d is %v, want %v", span[1], i, v, want)
				}
			}
		}
	})
}

// TestVariantsLearn: some steps of gradient descent lower the loss of one batch.
func TestVariantsLearn(t *testing.T) {
	variants(t, func(t *testing.T, c Config) { learns(t, build[float32](t, c)) })
}

// learns takes the steps.
func learns[F params.Float](t *testing.T, m *Model[F]) {
	t.Helper()
	inputs, targets := text(2, 30, m.Vocab())
	var first, last Stats
	for step := range 40 {
		params.ZeroGrad(m.Params())
		stats, err := m.Step(inputs, targets, 2, 30, 60)
		if err != nil {
			t.Fatal(err)
		}
		if last = stats; step == 0 {
			first = stats
		}
		for _, p := range m.Params() {
			for i, g := range p.Grad { // by the sign: gradients of the mixers differ much in size
				switch {
				case g > 0:
					p.Value[i] -= 0.005
				case g < 0:
					p.Value[i] += 0.005
				}
			}
		}
	}
	if !(last.Loss < 0.98*first.Loss) {
		t.Errorf("the loss goes from %v to %v", first.Loss, last.Loss)
	}
}

// TestContextEnds: sequences beyond learned positions are errors, in training and in streams.
func TestContextEnds(t *testing.T) {
	c := smallest(t, "softmax-attention")
	set(t, c, "positions", "learned", "context", "10")
	m := build[float32](t, c)
	inputs, targets := text(1, 11, c.Common().Vocab)
	if _, err := m.Step(inputs, targets, 1, 11, 1); err == nil || !strings.Contains(err.Error(), "context") {
		t.Errorf("a step of length 11 gives %v", err)
	}
	s, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(inputs[:8]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(inputs[:3]); err == nil || !strings.Contains(err.Error(), "2 positions left") {
		t.Errorf("11 tokens in a context of 10 give %v", err)
	}
	if _, err := s.Append(inputs[:2]); err != nil {
		t.Error(err)
	}
}

// isTransformer reports whether a model has the sizes of transformers.
func isTransformer(name string) bool {
	c, err := NewConfig(name, "")
	if err != nil {
		return false
	}
	_, ok := c.Settings().Find("positions")
	return ok
}

// TestContextUnknown: learned positions without a longest sequence are refused.
func TestContextUnknown(t *testing.T) {
	c := smallest(t, "softmax-attention")
	set(t, c, "positions", "learned")
	if _, err := New[float32](c, 1); err == nil || !strings.Contains(err.Error(), "-context 0") {
		t.Error(err)
	}
}
