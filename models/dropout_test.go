package models

import (
	"strings"
	"testing"

	"goomtrain/layers"
)

// TestDropout: dropout changes steps, each update otherwise, and changes neither evaluation nor what a
// stream says; what else must hold with it is in model_test.go.
func TestDropout(t *testing.T) {
	for _, name := range predicting(t) {
		t.Run(name, func(t *testing.T) {
			const size, length = 2, 9
			c := smallest(t, name)
			inputs, targets := text(size, length, c.Common().Vocab)
			plain := build[float64](t, c)
			c.Common().Dropout = 0.5
			m := build[float64](t, c)
			step := func(m *Model[float64], update int64) float64 {
				m.Draw(update, 0)
				stats, err := m.Step(inputs, targets, size, length, 1)
				if err != nil {
					t.Fatal(err)
				}
				return stats.Loss
			}
			first, second, whole := step(m, 1), step(m, 2), step(plain, 1)
			if first == second || first == whole || second == whole {
				t.Errorf("losses %v and %v of two updates, %v without dropout", first, second, whole)
			}
			if again := step(m, 1); again != first {
				t.Errorf("the same update has losses %v and %v", first, again)
			}
			want, err := plain.Evaluate(inputs, targets, size, length)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Evaluate(inputs, targets, size, length)
			if err != nil || got != want || want.Loss != whole {
				t.Errorf("evaluation gives %+v, without dropout %+v, error %v", got, want, err)
			}
			logits := logitsOf(t, m, layers.NewStates(), inputs, size, length, 0, length)
			for i, v := range logitsOf(t, plain, layers.NewStates(), inputs, size, length, 0, length) {
				if logits[i] != v {
					t.Fatalf("logit %d of a stream is %v, without dropout %v", i, logits[i], v)
				}
			}
		})
	}
}

// TestDropoutSites: a graph has a node of dropout for the embeddings and for each addition to the
// residual stream, and none where the probability is 0 or nothing is trained.
func TestDropoutSites(t *testing.T) {
	for _, name := range predicting(t) {
		t.Run(name, func(t *testing.T) {
			c := smallest(t, name)
			count := func(g *layers.Graph[float32], m *Model[float32]) (n int) {
				m.hidden(g, make([]int32, 10))
				for _, node := range g.AllNodes() {
					if op := node.Op(); op != nil && strings.Contains(op.String(), "Dropout") {
						n++
					}
				}
				return n
			}
			m := build[float32](t, c)
			if n := count(layers.NewTraining[float32](2, 5, m.noise), m); n != 0 {
				t.Errorf("%d nodes of dropout for probability 0", n)
			}
			c.Common().Dropout = 0.1
			m = build[float32](t, c)
			if n := count(layers.NewGraph[float32](2, 5), m); n != 0 {
				t.Errorf("%d nodes of dropout in evaluation", n)
			}
			want := 1 + 2
			if _, mlp := c.Settings().Find("d-mlp"); mlp {
				want = 1 + 2*2 // mixer and MLP add to the stream one after the other
			}
			if n := count(layers.NewTraining[float32](2, 5, m.noise), m); n != want {
				t.Errorf("%d nodes of dropout, want %d", n, want)
			}
		})
	}
}
