package models

import (
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/rng"
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
	set(t, c, "vocab", "17", "d-emb", "24", "layers", "2")
	if _, heads := c.Settings().Find("heads"); heads {
		set(t, c, "heads", "3", "d-head", "8")
	}
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

// predicting lists the registered models that predict a next token; classifier_test.go is about the other.
func predicting(t testing.TB) []string {
	return slices.DeleteFunc(Names(), func(name string) bool { return smallest(t, name).Classifies() })
}

// batchOf is a batch for a model: text, or for a classifier sequences of several lengths with a class at their end, the
// second of which is not counted.
func batchOf(c Config, size, length int) (inputs, targets []int32) {
	vocab := c.Common().Vocab
	sizes, ok := c.Sizes.(*Classifier)
	if !ok {
		return text(size, length, vocab)
	}
	inputs, _ = text(size, length, vocab-sizes.Classes)
	for b := range size {
		for t := range length {
			targets = append(targets, -1)
			if t == (length-1)/(b%3+1) && b != 1 {
				targets[b*length+t] = int32(vocab - 1 - b%sizes.Classes)
			}
		}
	}
	return inputs, targets
}

// eachModel runs a test for every model, without and with dropout.
func eachModel(t *testing.T, body func(t *testing.T, c Config)) {
	eachPredicting(t, body)
	eachClassifier(t, body)
}

// eachPredicting runs a test for every model of the next token, without and with dropout.
func eachPredicting(t *testing.T, body func(t *testing.T, c Config)) {
	for _, name := range predicting(t) {
		t.Run(name, func(t *testing.T) { body(t, smallest(t, name)) })
		t.Run(name+" dropout", func(t *testing.T) {
			c := smallest(t, name)
			c.Common().Dropout = 0.25
			body(t, c)
		})
	}
	for _, transition := range []string{"full", "householder", "table"} {
		t.Run("goom-rnn "+transition, func(t *testing.T) {
			c := smallest(t, "goom-rnn")
			set(t, c, "transition", transition)
			body(t, c)
		})
	}
}

// TestTapeMachineAgrees: every model gives the same loss and gradients on Gorgonia's own machine.
func TestTapeMachineAgrees(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) { tapeMachineAgrees(t, build[float64](t, c)) })
}

// tapeMachineAgrees compares two runs on the TapeMachine with a step of the model, whose gradients are zero.
func tapeMachineAgrees(t *testing.T, m *Model[float64]) {
	t.Helper()
	const size, length = 2, 9
	inputs, targets := text(size, length, m.Vocab())
	if m.Config().Classifies() {
		inputs, targets = batchOf(m.Config(), size, length)
	}
	stats, err := m.Step(inputs, targets, size, length, 1)
	if err != nil {
		t.Fatal(err)
	}
	g := layers.NewTraining[float64](size, length, m.noise)
	c := newCompiled(m.Params(), size, length)
	loss := m.loss(g, c)
	c.set(inputs, targets, 1)
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
}

// TestStepSteadyState: after the first step of a shape, steps and evaluations allocate nothing.
func TestStepSteadyState(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		const size, length = 3, 20
		m := build[float32](t, c)
		inputs, targets := batchOf(c, size, length)
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
		inputs, targets := batchOf(c, size, length)
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
		inputs, targets := batchOf(c, size, length)
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
				sum.Add(s)
			}
			if pieces == 1 {
				want, wantStats = m.Params(), sum
				continue
			}
			if sum.Tokens != wantStats.Tokens || sum.Correct != wantStats.Correct ||
				sum.Sequences != wantStats.Sequences || sum.CorrectSequences != wantStats.CorrectSequences || math.Abs(sum.Loss-wantStats.Loss) > 1e-11*sum.Loss {
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
