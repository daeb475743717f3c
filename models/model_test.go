package models

import (
	"fmt"
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/rng"
	"goomtrain/settings"
)

// smallest is a configuration of each registered model that is quick to run.
func smallest(t testing.TB, name string) Config {
	t.Helper()
	presets, err := Presets(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewConfig(name, presets[0])
	if err != nil {
		t.Fatal(err)
	}
	set(t, c, "vocab", "17", "d-emb", "24", "layers", "2", "heads", "3", "d-head", "8")
	return c
}

// set sets sizes by their names.
func set(t testing.TB, c Config, namesAndValues ...string) {
	t.Helper()
	for _, p := range pairs(namesAndValues...) {
		if err := c.Settings().Set(p); err != nil {
			t.Fatal(err)
		}
	}
}

func build[F simd.Float](t testing.TB, c Config) *Model[F] {
	t.Helper()
	m, err := New[F](c, 7)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// text is a batch of tokens and targets; every fifth target is not counted.
func text(size, length, vocab int) (inputs, targets []int32) {
	r := rng.New(5, "text")
	for i := range size * length {
		inputs, targets = append(inputs, int32(r.IntN(vocab))), append(targets, int32(r.IntN(vocab)))
		if i%5 == 4 {
			targets[i] = -1
		}
	}
	return inputs, targets
}

// eachModel runs a test for every registered model, without and with dropout.
func eachModel(t *testing.T, body func(t *testing.T, c Config)) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) { body(t, smallest(t, name)) })
		t.Run(name+" dropout", func(t *testing.T) {
			c := smallest(t, name)
			c.Common().Dropout = 0.25
			body(t, c)
		})
	}
}

// TestTapeMachineAgrees: every model gives the same loss and gradients on Gorgonia's own machine.
func TestTapeMachineAgrees(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		const size, length = 2, 9
		m := build[float64](t, c)
		inputs, targets := text(size, length, c.Common().Vocab)
		stats, err := m.Step(inputs, targets, size, length, 1)
		if err != nil {
			t.Fatal(err)
		}
		g := layers.NewTraining[float64](size, length, m.noise)
		loss, _ := m.net.Head().Loss(g, m.net.Hidden(g, g.Input("tokens", inputs, size, length)),
			g.Input("targets", targets, size, length), g.Input("weight", []float64{1}, 1))
		var wrt []*G.Node
		for _, p := range m.Params() {
			wrt = append(wrt, g.Weight(p))
		}
		grads, err := G.Grad(loss, wrt...)
		if err != nil {
			t.Fatal(err)
		}
		vm := G.NewTapeMachine(g.ExprGraph)
		defer vm.Close()
		for range 2 {
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			if got := loss.Value().Data().(float64); math.Abs(got-stats.Loss) > 1e-12*stats.Loss {
				t.Errorf("loss %v on the TapeMachine, %v on the executor", got, stats.Loss)
			}
			for i, p := range m.Params() {
				for j, v := range grads[i].Value().Data().([]float64) {
					if math.Abs(v-p.Grad[j]) > 1e-12*(math.Abs(v)+1) {
						t.Fatalf("gradient of %s at %d: %v on the TapeMachine, %v on the executor", p.Name, j, v, p.Grad[j])
					}
				}
			}
			vm.Reset()
		}
	})
}

// TestStepSteadyState: after the first step of a shape, steps and evaluations allocate nothing.
func TestStepSteadyState(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		const size, length = 3, 20
		m := build[float32](t, c)
		inputs, targets := text(size, length, c.Common().Vocab)
		if n := testing.AllocsPerRun(5, func() {
			if _, err := m.Step(inputs, targets, size, length, 10); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Evaluate(inputs, targets, size, length); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v allocations a step", n)
		}
	})
}

// TestThreads: the same bits on any number of threads.
func TestThreads(t *testing.T) {
	defer simd.SetThreads(simd.Threads())
	eachModel(t, func(t *testing.T, c Config) {
		const size, length = 5, 70
		inputs, targets := text(size, length, c.Common().Vocab)
		var want []params.Param[float32]
		for _, threads := range []int{1, 2, 3, 7} {
			simd.SetThreads(threads)
			m := build[float32](t, c)
			if _, err := m.Step(inputs, targets, size, length, 10); err != nil {
				t.Fatal(err)
			}
			for i, p := range m.Params() {
				if threads == 1 {
					want = append(want, *p)
					continue
				}
				for j := range p.Grad {
					if p.Grad[j] != want[i].Grad[j] {
						t.Fatalf("%d threads: gradient of %s at %d is %v, on one %v", threads, p.Name, j, p.Grad[j], want[i].Grad[j])
					}
				}
			}
		}
	})
}

// TestMicroBatches: a batch in one piece and in several gives the same loss and gradients to rounding,
// with targets that are not counted.
func TestMicroBatches(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		const size, length = 8, 11
		inputs, targets := text(size, length, c.Common().Vocab)
		counted := 0.0
		for _, target := range targets {
			if target >= 0 {
				counted++
			}
		}
		var want []*params.Param[float64]
		var wantStats Stats
		for _, pieces := range []int{1, 2, 8} {
			m, n, sum := build[float64](t, c), size/pieces*length, Stats{}
			for i := 0; i < len(inputs); i += n {
				m.Draw(3, i/length)
				s, err := m.Step(inputs[i:i+n], targets[i:i+n], size/pieces, length, counted)
				if err != nil {
					t.Fatal(err)
				}
				sum = Stats{sum.Loss + s.Loss, sum.Tokens + s.Tokens, sum.Correct + s.Correct}
			}
			if pieces == 1 {
				want, wantStats = m.Params(), sum
				continue
			}
			if sum.Tokens != wantStats.Tokens || sum.Correct != wantStats.Correct || math.Abs(sum.Loss-wantStats.Loss) > 1e-11*sum.Loss {
				t.Errorf("%d pieces: %+v, want %+v", pieces, sum, wantStats)
			}
			for i, p := range m.Params() {
				for j := range p.Grad {
					if math.Abs(p.Grad[j]-want[i].Grad[j]) > 1e-12 {
						t.Fatalf("%d pieces: gradient of %s at %d is %v, in one piece %v", pieces, p.Name, j, p.Grad[j], want[i].Grad[j])
					}
				}
			}
		}
	})
}

// TestStreamEqualsWhole: reading token by token, in pieces, or after a restored state gives the logits
// of the whole sequence.
func TestStreamEqualsWhole(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		const length = 200
		m := build[float64](t, c)
		tokens, _ := text(1, length, c.Common().Vocab)
		whole := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
		check := func(got []float64, read int) {
			t.Helper()
			for i, v := range got {
				if want := whole[(read-1)*c.Common().Vocab+i]; math.Abs(v-want) > 1e-10 {
					t.Fatalf("after %d tokens: logit %d is %v, want %v", read, i, v, want)
				}
			}
		}
		s, err := m.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		r := rng.New(1, "pieces")
		for read := 0; read < length; {
			n := min(length-read, 1+r.IntN(90))
			got, err := s.Append(tokens[read : read+n])
			if err != nil {
				t.Fatal(err)
			}
			read += n
			check(got, read)
			// the state moves to a new stream and, as a copy, survives the old one's further use
			var saved []params.Array
			for _, a := range s.State() {
				saved = append(saved, clone(a))
			}
			s.Reset()
			if _, err := s.Append(tokens[:3]); err != nil {
				t.Fatal(err)
			}
			if s, err = m.NewStream(); err != nil {
				t.Fatal(err)
			}
			if err := s.Restore(saved); err != nil {
				t.Fatal(err)
			}
		}
		s.Reset()
		got, err := s.Append(tokens[:1])
		if err != nil {
			t.Fatal(err)
		}
		check(got, 1)
	})
}

func clone(a params.Array) params.Array {
	switch d := a.Data.(type) {
	case []float64:
		a.Data = append([]float64(nil), d...)
	case []int64:
		a.Data = append([]int64(nil), d...)
	case []uint8:
		a.Data = append([]uint8(nil), d...)
	case []int32:
		a.Data = append([]int32(nil), d...)
	default:
		panic(fmt.Sprintf("state of type %T", d))
	}
	return a
}

// TestCausal: a token changes no logits before it by more than rounding: chunks of log-exp attention are
// scaled by their largest key, which may be that token's.
func TestCausal(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		const length, changed = 40, 23
		m := build[float64](t, c)
		tokens, _ := text(1, length, c.Common().Vocab)
		before := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
		tokens[changed] = (tokens[changed] + 1) % int32(c.Common().Vocab)
		after := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
		for i := range before {
			differs := math.Abs(before[i]-after[i]) > 1e-12
			if at := i / c.Common().Vocab; at < changed && differs {
				t.Fatalf("position %d sees token %d", at, changed)
			} else if at == length-1 && differs {
				return // and the last position does see it
			}
		}
		t.Error("the last position does not see the token")
	})
}

func TestBadBatches(t *testing.T) {
	m := build[float32](t, smallest(t, "goom-rnn"))
	for _, c := range []struct {
		inputs, targets []int32
		denominator     float64
		want            string
	}{
		{[]int32{1, 2}, []int32{1}, 1, "2 inputs and 1 targets"},
		{nil, nil, 1, "0 inputs"},
		{[]int32{1, 17}, []int32{1, 1}, 1, "token 17 at position 1"},
		{[]int32{1, -1}, []int32{1, 1}, 1, "token -1"},
		{[]int32{1, 1}, []int32{17, 1}, 1, "target 17"},
		{[]int32{1, 1}, []int32{-2, 1}, 1, "target -2"},
		{[]int32{1, 1}, []int32{1, 1}, 0, "denominator"},
		{[]int32{1, 1}, []int32{1, 1}, math.NaN(), "denominator"},
	} {
		_, err := m.Step(c.inputs, c.targets, 1, 2, c.denominator)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %v: error %v, want one with %q", c.inputs, c.targets, err, c.want)
		}
	}
	if stats, err := m.Step([]int32{1, 2}, []int32{-1, -1}, 1, 2, 1); err != nil || stats.Tokens != 0 || stats.Loss != 0 {
		t.Errorf("a batch without targets gives %+v, %v", stats, err)
	}
}

func TestBadStreams(t *testing.T) {
	m := build[float32](t, smallest(t, "goom-rnn"))
	s, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	for _, tokens := range [][]int32{nil, {17}, {1, -1}} {
		if _, err := s.Append(tokens); err == nil {
			t.Errorf("tokens %v: no error", tokens)
		}
	}
	good := s.State()
	for name, state := range map[string][]params.Array{
		"fewer":         good[1:],
		"another name":  append([]params.Array{{Name: "x", Shape: good[0].Shape, Data: good[0].Data}}, good[1:]...),
		"another shape": append([]params.Array{{Name: good[0].Name, Shape: []int{1}, Data: good[0].Data}}, good[1:]...),
		"another type":  append([]params.Array{{Name: good[0].Name, Shape: good[0].Shape, Data: []int32{}}}, good[1:]...),
	} {
		if err := s.Restore(state); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestRestoredPositions: positions outside the context end a stream by an error.
func TestRestoredPositions(t *testing.T) {
	c := smallest(t, "softmax-attention")
	set(t, c, "positions", "learned", "context", "32")
	s, err := build[float32](t, c).NewStream()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.State() {
		if next, ok := a.Data.([]int64); ok && strings.Contains(a.Name, "position") {
			for _, bad := range []int64{-5, 33, math.MaxInt64, math.MinInt64} {
				next[0] = bad
				if _, err := s.Append([]int32{1}); err == nil {
					t.Errorf("position %d: no error", bad)
				}
			}
			return
		}
	}
	t.Error("the state has no position")
}

// TestBadConfigs: a broken rule is named with the setting, the value and its spelling as a flag.
func TestBadConfigs(t *testing.T) {
	for _, c := range []struct{ model, name, value, want string }{
		{"goom-rnn", "model", "goom-rnm", `there is no model "goom-rnm"; did you mean "goom-rnn"?`},
		{"goom-rnn", "vocab", "-1", "-vocab -1: must be 1 to"},
		{"goom-rnn", "d-emb", "-1", "-d-emb -1: must be 1 to 65536"},
		{"goom-rnn", "layers", "1073741824", "-layers 1073741824: must be 1 to 4096"},
		{"goom-rnn", "heads", "-2", "-heads -2: must be 1 to"},
		{"goom-rnn", "d-head", "65537", "-d-head 65537: must be 1 to"},
		{"goom-rnn", "dropout", "1", "-dropout 1: must lie in [0, 1)"},
		{"goom-rnn", "taylor-terms", "3", `there is no setting "taylor-terms"`},
		{"log-attention", "d-value", "-3", "-d-value -3: must be 1 to"},
		{"softmax-attention", "positions", "sinus", `-positions "sinus": must be one of rotary, learned, none`},
		{"softmax-attention", "mlp", "relu", `-mlp "relu": must be one of gelu, swiglu`},
		{"softmax-attention", "d-mlp", "-1", "-d-mlp -1: must be 1 to"},
		{"softmax-attention", "context", "9", `-context 9: only learned positions end, but -positions is "rotary"`},
		{"taylor-attention", "taylor-terms", "99", "-taylor-terms 99: must be 1 to"},
		{"taylor-attention", "d-head", "4000", "lower one of them"},
	} {
		config := smallest(t, c.model)
		err := config.Settings().Set(settings.Pair{Name: c.name, Text: c.value})
		if err == nil {
			_, err = New[float32](config, 1)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s %s: error %v, want %q", c.model, c.name, c.value, err, c.want)
		}
	}
	if _, err := NewConfig("goom-rnn", "huge"); err == nil || !strings.Contains(err.Error(), "nano") {
		t.Errorf("preset huge: error %v", err)
	}
	if _, err := New[float32](Config{Model: "goom-rnn"}, 1); err == nil || !strings.Contains(err.Error(), "NewConfig") {
		t.Errorf("no sizes: error %v", err)
	}
	fresh, err := NewConfig("goom-rnn", "nano")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New[float32](fresh, 1); err == nil || !strings.Contains(err.Error(), "vocabulary") {
		t.Errorf("no vocabulary: error %v", err)
	}
	set(t, fresh, "vocab", "16777216", "layers", "4096", "d-emb", "65536")
	if err := fresh.Validate(); err == nil || !strings.Contains(err.Error(), "weights: must be at most") {
		t.Errorf("too many weights: error %v", err)
	}
}

// TestFit: what is not set follows from the data; what is set and too small is refused.
func TestFit(t *testing.T) {
	c, err := NewConfig("softmax-attention", "nano")
	if err != nil {
		t.Fatal(err)
	}
	set(t, c, "positions", "learned")
	if err := c.Fit(30, 12); err != nil || c.Common().Vocab != 30 || c.Sizes.(*SoftmaxAttention).Context != 12 {
		t.Errorf("%+v, error %v", c.Sizes, err)
	}
	if err := c.Fit(31, 12); err == nil || !strings.Contains(err.Error(), "-vocab 30: the data has 31 tokens") {
		t.Error(err)
	}
	if err := c.Fit(30, 13); err == nil || !strings.Contains(err.Error(), "-context 12: the data has sequences of 13") {
		t.Error(err)
	}
}

// TestClone: a clone shares nothing with what it was made of, nor with the preset.
func TestClone(t *testing.T) {
	c := smallest(t, "taylor-attention")
	d := c.Clone()
	set(t, d, "layers", "7")
	if got := c.Sizes.(*TaylorAttention).Layers; got != 2 {
		t.Errorf("the original has %d layers", got)
	}
	if fresh, err := NewConfig("taylor-attention", "nano"); err != nil || fresh.Sizes.(*TaylorAttention).Heads != 8 {
		t.Errorf("the preset is %+v, error %v", fresh.Sizes, err)
	}
}
