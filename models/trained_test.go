package models

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/params"
	"goomtrain/train/optim"
)

// TestTrainedGolden repeats the reference's AdamW steps (PyTorch's defaults, two parameter groups):
// the loss before each step, and the weights after the last.
func TestTrainedGolden(t *testing.T) {
	r := golden.NewRecorder(t, "goom_rnn")
	var last golden.Case
	for _, c := range golden.Load(t, "goom_rnn") {
		if c.Has("inputs", "tokens") {
			last = c
		}
		if !c.Has("outputs", "losses") {
			continue
		}
		m := fromCase[float64](t, last)
		shape := last.Input("tokens").Shape
		tokens, targets := indices(last.Input("tokens")), indices(last.Input("targets"))
		o, err := optim.New(optim.Config{Name: "adamw", LRRecurrent: 1,
			Kind: &optim.AdamW{Beta2: 0.999, Eps: 1e-8, WeightDecay: c.Float("weight_decay", 0)}}, m.Params())
		if err != nil {
			t.Fatal(err)
		}
		var losses []float64
		for range c.Int("steps", 0) {
			params.ZeroGrad(m.Params())
			stats, err := m.Step(tokens, targets, shape[0], shape[1], float64(len(targets)))
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, stats.Loss/float64(stats.Tokens))
			o.Update(c.Float("lr", 0), 0.9, 1)
		}
		r.Forward(t, c, "losses", losses, golden.Tolerance)
		for _, p := range m.Params() {
			if c.Has("params_after", p.Name) {
				r.ForwardError(t, c, p.Name+" after training", golden.MaxRelErr(p.Value, c.Tensor("params_after", p.Name).Data), golden.GradTolerance)
			}
		}
	}
}
