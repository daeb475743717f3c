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
		if a, err := find(name); err != nil || !a.blocks {
			continue
		}
		for _, positions := range []string{"rotary", "learned", "none"} {
			for _, mlp := range []string{"gelu", "swiglu"} {
				t.Run(name+" "+positions+" "+mlp, func(t *testing.T) {
					c := smallest(t, name)
					c.Positions, c.MLP = positions, mlp
					if positions == "learned" {
						c.Context, c.DMLP = 100, 20
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
		tokens, _ := text(1, length, c.Vocab)
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
				if want := whole[(span[1]-1)*c.Vocab+i]; !(v-want < 1e-10 && want-v < 1e-10) {
					t.Fatalf("after %d tokens: logit %d is %v, want %v", span[1], i, v, want)
				}
			}
		}
	})
}

// TestVariantsLearn: ten steps of gradient descent lower the loss of one batch.
func TestVariantsLearn(t *testing.T) {
	variants(t, func(t *testing.T, c Config) {
		m := build[float32](t, c)
		inputs, targets := text(2, 30, c.Vocab)
		var first, last Stats
		for step := range 10 {
			params.ZeroGrad(m.Params())
			stats, err := m.Step(inputs, targets, 2, 30, 60)
			if err != nil {
				t.Fatal(err)
			}
			if last = stats; step == 0 {
				first = stats
			}
			for _, p := range m.Params() {
				for i, g := range p.Grad {
					p.Value[i] -= 0.3 * g
				}
			}
		}
		if !(last.Loss < 0.95*first.Loss) {
			t.Errorf("the loss goes from %v to %v", first.Loss, last.Loss)
		}
	})
}

// TestContextEnds: sequences beyond learned positions are errors, in training and in streams.
func TestContextEnds(t *testing.T) {
	c := smallest(t, "softmax-attention")
	c.Positions, c.Context = "learned", 10
	m := build[float32](t, c)
	inputs, targets := text(1, 11, c.Vocab)
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

func TestBadTransformers(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"positions is": func(c *Config) { c.Positions = "sinus" },
		"mlp is":       func(c *Config) { c.MLP = "relu" },
		"d_mlp is -1":  func(c *Config) { c.DMLP = -1 },
		"d_mlp 3":      func(c *Config) { c.Model, c.DMLP, c.Positions, c.MLP = "goom-rnn", 3, "", "" },
		"context is 0": func(c *Config) { c.Positions = "learned" },
		"context is 9": func(c *Config) { c.Context = 9 },
		"taylor_terms": func(c *Config) { c.TaylorTerms = 4 },
		"goom-rnn has": func(c *Config) { c.Model, c.MLP = "goom-rnn", "gelu" },
	} {
		c := smallest(t, "softmax-attention")
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gives %v, want an error with %q", c, err, want)
		}
	}
}

// TestBadCaches: a state whose length and cache do not fit each other, or not the model, is refused,
// and leaves the stream as it was.
func TestBadCaches(t *testing.T) {
	m := build[float64](t, smallest(t, "softmax-attention"))
	s, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append([]int32{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	good := s.State()
	at := -1
	for i, a := range good {
		if strings.HasSuffix(a.Name, "attention.length") {
			at = i
		}
	}
	want := clone(good[at])
	for _, length := range []int64{-1, 129, 1 << 62} {
		bad := append([]params.Array(nil), good...)
		bad[at] = params.Array{Name: good[at].Name, Shape: []int{1}, Data: []int64{length}}
		if err := s.Restore(bad); err == nil {
			t.Errorf("length %d: no error", length)
		}
		if got := s.State()[at].Data.([]int64)[0]; got != want.Data.([]int64)[0] {
			t.Errorf("a refused state changes the length to %d", got)
		}
	}
}
