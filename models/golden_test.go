package models

import (
	"testing"

	"goomtrain/executor"
	"goomtrain/internal/golden"
	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/params"
)

// fromCase is the registered model with a case's weights.
func fromCase[F simd.Float](t *testing.T, c golden.Case) *Model[F] {
	t.Helper()
	m, err := New[F](Config{Model: "goom-rnn", Sizes: &GOOMRNN{Common: Common{Vocab: c.Int("vocab", 0)}, Stack: Stack{DEmb: c.Int("d_emb", 0), Layers: c.Int("n_layers", 0),
		Heads: c.Int("n_hid", 0), DHead: c.Int("d_hid", 0)}, Transition: "fixed"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		copy(p.Value, golden.Convert[F](c.Input(p.Name)))
	}
	return m
}

func indices(x golden.Tensor) []int32 {
	out := make([]int32, len(x.Data))
	for i, v := range x.Ints() {
		out[i] = int32(v)
	}
	return out
}

// logitsOf runs columns lo to hi of tokens [B, T], going on from states if there are any.
func logitsOf[F simd.Float](t *testing.T, m *Model[F], states *layers.States, tokens []int32, batch, length, lo, hi int) []float64 {
	t.Helper()
	var part []int32
	for b := range batch {
		part = append(part, tokens[b*length+lo:b*length+hi]...)
	}
	g := layers.NewStreaming[F](batch, hi-lo, states)
	logits := m.head.Logits(g, m.hidden(g, part))
	exec, err := executor.New(g.ExprGraph, logits)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.RunAll(); err != nil {
		t.Fatal(err)
	}
	v, err := exec.Value(logits)
	if err != nil {
		t.Fatal(err)
	}
	return widen(v.Data().([]F))
}

func widen[F simd.Float](x []F) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// TestGOOMRNNGolden holds the model to the paper's reference in float64: logits, loss, gradients by
// parameter, a sequence in two parts, and five steps of training (the last in trained_test.go).
func TestGOOMRNNGolden(t *testing.T) {
	testGOOMRNN[float64](t, golden.Tolerance, golden.GradTolerance)
}

// TestGOOMRNNGolden32 is the same in float32.
func TestGOOMRNNGolden32(t *testing.T) {
	testGOOMRNN[float32](t, golden.Tolerance32, golden.GradTolerance32)
}

func testGOOMRNN[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "goom_rnn")
	var last golden.Case // what later cases of a file mean by the same weights and tokens
	for _, c := range golden.Load(t, "goom_rnn") {
		switch {
		case c.Has("inputs", "tokens"):
			last = c
			m := fromCase[F](t, c)
			shape := c.Input("tokens").Shape
			tokens, targets := indices(c.Input("tokens")), indices(c.Input("targets"))
			r.Forward(t, c, "logits", logitsOf(t, m, layers.NewStates(), tokens, shape[0], shape[1], 0, shape[1]), tolerance)
			for range 2 { // gradients accumulate: the second step doubles them
				stats, err := m.Step(tokens, targets, shape[0], shape[1], float64(2*len(targets)))
				if err != nil {
					t.Fatal(err)
				}
				r.Forward(t, c, "loss", []float64{stats.Loss / float64(stats.Tokens)}, tolerance)
			}
			for _, p := range m.Params() {
				r.Gradient(t, c, p.Name, widen(p.Grad), gradTolerance)
			}
			stats, err := m.Evaluate(tokens, targets, shape[0], shape[1])
			if err != nil {
				t.Fatal(err)
			}
			r.Forward(t, c, "loss", []float64{stats.Loss / float64(stats.Tokens)}, tolerance)
		case c.Has("outputs", "logits1"):
			m, states := fromCase[F](t, last), layers.NewStates()
			shape, at := last.Input("tokens").Shape, c.Int("split_at", 0)
			tokens := indices(last.Input("tokens"))
			r.Forward(t, c, "logits1", logitsOf(t, m, states, tokens, shape[0], shape[1], 0, at), tolerance)
			r.Forward(t, c, "logits2", logitsOf(t, m, states, tokens, shape[0], shape[1], at, shape[1]), tolerance)
		}
	}
}

// TestParameterNames: names, shapes and order are an API.
func TestParameterNames(t *testing.T) {
	for _, c := range golden.Load(t, "goom_rnn") {
		if !c.Has("inputs", "tokens") {
			continue
		}
		m := fromCase[float32](t, c)
		if got, want := len(m.Params()), len(c.Names("inputs"))-2; got != want {
			t.Errorf("%s: %d parameters, want %d", c.Name, got, want)
		}
		for _, p := range m.Params() {
			if want := c.Input(p.Name).Shape; params.Size(want) != len(p.Value) || len(want) != len(p.Shape) {
				t.Errorf("%s has shape %v, want %v", p.Name, p.Shape, want)
			}
		}
	}
}
