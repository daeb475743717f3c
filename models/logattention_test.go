package models

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/simd"
	"goomtrain/layers"
	"goomtrain/params"
)

// TestLogAttentionGolden holds the model to the paper's reference: logits, loss, gradients by parameter,
// and a sequence in two parts; the names and shapes of parameters are the reference's.
func TestLogAttentionGolden(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testLogAttention[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testLogAttention[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testLogAttention[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "log_attention_lm")
	for _, c := range golden.Load(t, "log_attention_lm") {
		m, err := New[F](Config{Model: "log-attention", Sizes: &LogAttention{Common{Vocab: c.Int("vocab", 0)},
			Stack{DEmb: c.Int("d_emb", 0), Layers: c.Int("n_layers", 0), Heads: c.Int("n_heads", 0), DHead: c.Int("d_key", 0)}, c.Int("d_val", 0)}}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(m.Params()), len(c.Names("inputs"))-2; got != want {
			t.Errorf("%s: %d parameters, want %d", c.Name, got, want)
		}
		for _, p := range m.Params() {
			if want := c.Input(p.Name).Shape; params.Size(want) != len(p.Value) || len(want) != len(p.Shape) || want[0] != p.Shape[0] {
				t.Errorf("%s has shape %v, want %v", p.Name, p.Shape, want)
			}
			copy(p.Value, golden.Convert[F](c.Input(p.Name)))
		}
		shape := c.Input("tokens").Shape
		tokens, targets := indices(c.Input("tokens")), indices(c.Input("targets"))
		r.Forward(t, c, "logits", logitsOf(t, m, layers.NewStates(), tokens, shape[0], shape[1], 0, shape[1]), tolerance)
		stats, err := m.Step(tokens, targets, shape[0], shape[1], float64(len(targets)))
		if err != nil {
			t.Fatal(err)
		}
		r.Forward(t, c, "loss", []float64{stats.Loss / float64(stats.Tokens)}, tolerance)
		for _, p := range m.Params() {
			r.Gradient(t, c, p.Name, widen(p.Grad), gradTolerance)
		}
		if at := c.Int("split_at", 0); at > 0 {
			states := layers.NewStates()
			r.Forward(t, c, "logits1", logitsOf(t, m, states, tokens, shape[0], shape[1], 0, at), tolerance)
			r.Forward(t, c, "logits2", logitsOf(t, m, states, tokens, shape[0], shape[1], at, shape[1]), tolerance)
		}
	}
}
