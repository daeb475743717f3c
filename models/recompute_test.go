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
)

// TestRecompute: with every model and every mixer, blocks that run again give the same losses and gradients to the bit,
// with dropout and frozen parameters too, in less memory.
func TestRecompute(t *testing.T) {
	configs := map[string]Config{"classifier": smallClassifier(t, "pool", "routing")}
	for _, name := range predicting(t) {
		configs[name] = smallest(t, name)
	}
	for _, mixer := range Mixers() {
		c := smallest(t, "hybrid")
		set(t, c, "pattern", mixer)
		configs["hybrid of "+mixer] = c
	}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			const size, length = 3, 12
			set(t, c, "layers", "3", "dropout", "0.2")
			inputs, targets := batchOf(c, size, length)
			run := func(recompute bool, frozen string) (out []string, grads [][]float32, bytes int) {
				m := build[float32](t, c)
				m.SetRecompute(recompute)
				for _, p := range m.Params() {
					p.Frozen = frozen != "" && strings.Contains(p.Name, frozen)
				}
				for update := range int64(2) {
					m.Draw(update, 0)
					stats, err := m.Step(inputs, targets, size, length, 7)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, fmt.Sprintf("%+v", stats))
				}
				for _, p := range m.Params() {
					grads = append(grads, slices.Clone(p.Grad))
				}
				return out, grads, m.train.exec.PlannedBytes()
			}
			for _, frozen := range []string{"", ".0."} {
				want, grads, most := run(false, frozen)
				got, again, bytes := run(true, frozen)
				if !slices.Equal(got, want) {
					t.Errorf("%v, want %v", got, want)
				}
				for i := range grads {
					if !slices.Equal(again[i], grads[i]) {
						t.Errorf("gradient %d differs", i)
					}
				}
				if frozen == "" && bytes >= most {
					t.Errorf("%d bytes of activations, %d without", bytes, most)
				}
			}
		})
	}
}

// TestRecomputeIsChosenAnyTime: the choice holds from the next step on, and evaluation does not depend on it.
func TestRecomputeIsChosenAnyTime(t *testing.T) {
	c := smallest(t, "goom-rnn")
	inputs, targets := text(2, 9, c.Common().Vocab)
	m := build[float32](t, c)
	var bytes []int
	var losses []float64
	for _, on := range []bool{false, true, true, false} {
		m.SetRecompute(on)
		trained, err := m.Step(inputs, targets, 2, 9, 1)
		if err != nil {
			t.Fatal(err)
		}
		evaluated, err := m.Evaluate(inputs, targets, 2, 9)
		if err != nil {
			t.Fatal(err)
		}
		bytes, losses = append(bytes, m.train.exec.PlannedBytes()), append(losses, trained.Loss, evaluated.Loss)
	}
	if bytes[0] != bytes[3] || bytes[1] != bytes[2] || bytes[1] >= bytes[0] {
		t.Errorf("bytes of activations %v", bytes)
	}
	for i, l := range losses {
		if l != losses[i%2] || math.Abs(l-losses[0]) > 1e-6*losses[0] { // a step may add in another order than an evaluation
			t.Errorf("losses %v", losses)
		}
	}
}

// unmarked is a network that marks no blocks.
type unmarked struct{ *residualNetwork[float32] }

func (n unmarked) Hidden(g *layers.Graph[float32], tokens *G.Node) *G.Node {
	return n.embed.Forward(g, tokens)
}

// TestRecomputeOfNothing: a network without marked blocks is an error that says how to mark them.
func TestRecomputeOfNothing(t *testing.T) {
	s := params.NewSet[float32](1)
	m := FromNetwork[float32](s, unmarked{&residualNetwork[float32]{embed: layers.NewEmbedding(s, "embed", 5, 4)}})
	m.SetRecompute(true)
	inputs, targets := text(1, 3, 5)
	if _, err := m.Step(inputs, targets, 1, 3, 1); err == nil || !strings.Contains(err.Error(), "call Bound") {
		t.Error(err)
	}
}
