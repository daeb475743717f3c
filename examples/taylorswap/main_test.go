package main

import (
	"math"
	"testing"

	"goomtrain/models"
)

// TestSwapConverges: with more terms the loss of the same weights comes to that of softmax attention.
func TestSwapConverges(t *testing.T) {
	c, err := models.Preset("softmax-attention", "nano")
	if err != nil {
		t.Fatal(err)
	}
	c.Vocab, c.DHead = 32, 8
	trained, err := models.New[float32](c, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range trained.Params() {
		if len(p.Shape) == 2 {
			for i := range p.Value {
				p.Value[i] *= 1.7 // scores of a size where the terms matter
			}
		}
	}
	inputs, targets := make([]int32, 2*50), make([]int32, 2*50)
	for i := range inputs {
		inputs[i], targets[i] = int32(i*7%32), int32(i*11%32)
	}
	want, err := trained.Evaluate(inputs, targets, 2, 50)
	if err != nil {
		t.Fatal(err)
	}
	distance := func(terms int) float64 {
		swapped, err := swap(trained, terms)
		if err != nil {
			t.Fatal(err)
		}
		got, err := swapped.Evaluate(inputs, targets, 2, 50)
		if err != nil {
			t.Fatal(err)
		}
		return math.Abs(got.Loss-want.Loss) / float64(want.Tokens)
	}
	few, many := distance(2), distance(8)
	t.Logf("2 terms: %.3g nats per token away, 8 terms: %.3g", few, many)
	if !(many < 0.2*few) {
		t.Errorf("8 terms are %v nats per token away, 2 terms %v", many, few)
	}
}
