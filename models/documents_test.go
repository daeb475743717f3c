package models

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/rng"
)

// resetting are configurations whose documents are independent: of every model that predicts and of every mixer, with
// learned positions and short convolutions too.
func resetting(t *testing.T) map[string]Config {
	configs := map[string]Config{}
	for _, name := range predicting(t) {
		configs[name] = smallest(t, name)
	}
	for _, mixer := range Mixers() {
		configs["hybrid of "+mixer] = smallest(t, "hybrid")
		set(t, configs["hybrid of "+mixer], "pattern", mixer)
	}
	for _, transition := range []string{"full", "householder", "table"} {
		configs["goom-rnn "+transition] = smallest(t, "goom-rnn")
		set(t, configs["goom-rnn "+transition], "transition", transition)
	}
	configs["learned positions"] = smallest(t, "softmax-attention")
	set(t, configs["learned positions"], "positions", "learned", "context", "200")
	for _, c := range configs {
		set(t, c, "reset-documents", "true", "document-start", "3")
	}
	return configs
}

// documents are two rows of a text in which documents begin with token 3: at the beginning of a row and not, one behind
// the other, at the end, and of several lengths.
func documents(length, vocab int) (inputs, targets []int32) {
	inputs, targets = text(2, length, vocab)
	for i, token := range inputs {
		if token == 3 {
			inputs[i] = 4
		}
	}
	for _, at := range []int{0, 1, 2, 70, length - 1, length + 5, length + 133} {
		inputs[at] = 3
	}
	return inputs, targets
}

// TestDocumentsAreIndependent: losses and gradients of packed documents are the sums of those of the documents read
// alone, before and after batches of one document each.
func TestDocumentsAreIndependent(t *testing.T) {
	for name, c := range resetting(t) {
		t.Run(name+"/float64", func(t *testing.T) { documentsAreIndependent[float64](t, c, 1e-9) })
		if testing.Short() {
			continue
		}
		t.Run(name+"/float32", func(t *testing.T) { documentsAreIndependent[float32](t, c, 2e-3) })
	}
}

func documentsAreIndependent[F params.Float](t *testing.T, c Config, tolerance float64) {
	const length = 150
	inputs, targets := documents(length, c.Common().Vocab)
	m, alone := build[F](t, c), build[F](t, c)
	plain := slices.Clone(inputs)
	for i, token := range plain {
		if token == 3 {
			plain[i] = 4
		}
	}
	batches := [][]int32{inputs, plain, inputs}
	if testing.Short() {
		batches = batches[:1]
	}
	for _, batch := range batches {
		for _, p := range append(m.Params(), alone.Params()...) {
			clear(p.Grad)
		}
		got, err := m.Step(batch, targets, 2, length, 10)
		if err != nil {
			t.Fatal(err)
		}
		evaluated, err := m.Evaluate(batch, targets, 2, length)
		if err != nil {
			t.Fatal(err)
		}
		var want Stats
		for lo := 0; lo < len(batch); {
			hi := lo + 1
			for hi%length != 0 && batch[hi] != 3 {
				hi++
			}
			s, err := alone.Step(batch[lo:hi], targets[lo:hi], 1, hi-lo, 10)
			if err != nil {
				t.Fatal(err)
			}
			want.Loss, want.Tokens = want.Loss+s.Loss, want.Tokens+s.Tokens
			lo = hi
		}
		for _, s := range []Stats{got, evaluated} {
			if s.Tokens != want.Tokens || math.Abs(s.Loss-want.Loss) > tolerance*want.Loss {
				t.Errorf("loss %v of %d tokens, want %v of %d", s.Loss, s.Tokens, want.Loss, want.Tokens)
			}
		}
		for i, p := range m.Params() {
			largest, worst := 0.0, 0.0
			for j, g := range alone.Params()[i].Grad {
				largest, worst = max(largest, math.Abs(float64(g))), max(worst, math.Abs(float64(p.Grad[j]-g)))
			}
			if !(worst <= tolerance*(largest+1e-6)) {
				t.Errorf("gradient of %s differs by %v of %v", p.Name, worst, largest)
			}
		}
	}
}

// TestDocumentsStream: a stream begins anew at every document, in whatever pieces it reads.
func TestDocumentsStream(t *testing.T) {
	for name, c := range resetting(t) {
		t.Run(name, func(t *testing.T) {
			const length = 150
			inputs, _ := documents(length, c.Common().Vocab)
			m, r := build[float64](t, c), rng.New(2, "pieces")
			s, err := m.NewStream()
			if err != nil {
				t.Fatal(err)
			}
			alone, err := m.NewStream()
			if err != nil {
				t.Fatal(err)
			}
			for from := 0; from < length; {
				n := min(length-from, 1+r.IntN(100))
				got, err := s.Append(inputs[from : from+n])
				if err != nil {
					t.Fatal(err)
				}
				from += n
				begin := from - 1
				for inputs[begin] != 3 {
					begin--
				}
				alone.Reset()
				want, err := alone.Append(inputs[begin:from])
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if math.Abs(got[i]-want[i]) > 1e-10 {
						t.Fatalf("after %d tokens: logit %d is %v, want %v", from, i, got[i], want[i])
					}
				}
			}
		})
	}
}

// TestDocumentsHaveTheContext: learned positions limit a document, not the tokens that a stream reads.
func TestDocumentsHaveTheContext(t *testing.T) {
	c := smallest(t, "softmax-attention")
	set(t, c, "positions", "learned", "context", "10", "reset-documents", "true", "document-start", "3")
	s, err := build[float64](t, c).NewStream()
	if err != nil {
		t.Fatal(err)
	}
	document := []int32{3, 1, 1, 1, 1, 1, 1, 1}
	if _, err := s.Append(slices.Concat(document, document, document)); err != nil {
		t.Error(err)
	}
	if n, limited := s.Left(); n != 2 || !limited {
		t.Errorf("%d positions left (%v), want 2", n, limited)
	}
	for _, tokens := range [][]int32{{1, 1, 1}, append([]int32{1, 1, 1}, document...), append(slices.Clone(document), 1, 1, 1)} {
		if _, err := s.Append(tokens); err == nil || !strings.Contains(err.Error(), "context") {
			t.Errorf("tokens %v: %v", tokens, err)
		}
	}
	if n, _ := s.Left(); n != 2 {
		t.Errorf("%d positions left after errors, want 2", n)
	}
}

// TestDocumentSettings: what cannot be is refused.
func TestDocumentSettings(t *testing.T) {
	for want, c := range map[string]Config{
		"document-start 17":       smallest(t, "goom-rnn"),
		`document-start "-1"`:     smallest(t, "goom-rnn"),
		`document-start "three"`:  smallest(t, "goom-rnn"),
		"only -reset-documents":   smallest(t, "goom-rnn"),
		"without -document-start": smallest(t, "goom-rnn"),
		"gives a class":           smallClassifier(t),
	} {
		switch {
		case strings.HasPrefix(want, "document-start"):
			set(t, c, "reset-documents", "true", "document-start", strings.Trim(strings.Fields(want)[1], `"`))
		case strings.HasPrefix(want, "only"):
			set(t, c, "document-start", "3")
		default:
			set(t, c, "reset-documents", "true")
		}
		if _, err := New[float32](c, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	c := smallest(t, "goom-rnn")
	c.FitDocuments(5)
	if c.Common().DocumentStart != "" {
		t.Error("a separator is set without -reset-documents")
	}
	set(t, c, "reset-documents", "true")
	c.FitDocuments(0)
	c.FitDocuments(5)
	if got := c.Common().DocumentStart; got != "0" {
		t.Errorf("documents begin with %q, want 0", got)
	}
}

// forgetful is a mixer that does not read where documents begin.
type forgetful struct{ layers.Mixer[float32] }

func (m forgetful) Forward(g *layers.Graph[float32], x *G.Node) *G.Node {
	reset := g.Reset
	g.Reset = nil
	defer func() { g.Reset = reset }()
	return m.Mixer.Forward(g, x)
}

// TestMixersReadDocuments: a mixer that would mix documents is a mistake.
func TestMixersReadDocuments(t *testing.T) {
	set := params.NewSet[float32](1)
	mixer := layers.NewMixer("gla", set, layers.MixerSizes{Vocab: 3, Width: 4, Layers: 1, Heads: 1, DHead: 4, DValue: 4, Epsilon: 1e-5})
	add := func(mixer layers.Mixer[float32], reset bool) (message string) {
		defer func() {
			if r := recover(); r != nil {
				message = fmt.Sprint(r)
			}
		}()
		g := layers.NewGraph[float32](1, 3)
		if reset {
			g.Reset = g.Input("reset", make([]int32, 3), 1, 3)
		}
		layers.Mix(g, mixer, g.Input("x", make([]float32, 12), 1, 3, 4))
		return ""
	}
	if m := add(mixer, true) + add(mixer, false) + add(forgetful{mixer}, false); m != "" {
		t.Error(m)
	}
	if m := add(forgetful{mixer}, true); !strings.Contains(m, "models.forgetful does not read Reset") {
		t.Errorf("panic %q", m)
	}
}

// BenchmarkDocuments times steps on 16 sequences of 256 tokens with and without independent documents of about 100 tokens.
// In one process on two AVX2 cores (EPYC) a step with documents takes 1.0 times one without (goom-rnn, softmax-attention,
// gla), 1.1 (delta-net), 1.2 (taylor-attention) and 1.5 (log-attention).
func BenchmarkDocuments(b *testing.B) {
	for _, name := range []string{"goom-rnn", "softmax-attention", "taylor-attention", "log-attention", "delta-net", "gla"} {
		for _, reset := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/reset=%v", name, reset), func(b *testing.B) {
				c, err := NewConfig(name, "small")
				if err != nil {
					b.Fatal(err)
				}
				set(b, c, "vocab", "257")
				if reset {
					set(b, c, "reset-documents", "true", "document-start", "0")
				}
				inputs, targets := text(16, 256, 257)
				r := rng.New(1, "documents")
				for i := range inputs {
					if inputs[i] = max(1, inputs[i]); r.IntN(100) == 0 {
						inputs[i] = 0
					}
				}
				m := build[float32](b, c)
				for b.Loop() {
					if _, err := m.Step(inputs, targets, 16, 256, 4096); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
