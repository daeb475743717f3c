package models

import (
	"testing"

	"goomtrain/layers"
)

// TestTokensReachTheHead: at the initial values of the preset "small", logits depend on the token that the model reads. Where
// a stack of layers passes on little of the token, training learns the frequencies of the tokens and stops there: an LSTM of
// four layers with PyTorch's initial values has 0.02 here.
func TestTokensReachTheHead(t *testing.T) {
	const length = 32
	for _, name := range predicting(t) {
		t.Run(name, func(t *testing.T) {
			c, err := NewConfig(name, "small")
			if err != nil {
				t.Fatal(err)
			}
			set(t, c, "vocab", "64")
			tokens, _ := text(1, length, 64)
			logits := logitsOf(t, build[float32](t, c), layers.NewStates(), tokens, 1, length, 0, length)
			var varying, all float64 // sums of squares, without and with the mean over the positions
			for v := range 64 {
				mean := 0.0
				for i := range length {
					mean += logits[i*64+v] / length
				}
				for i := range length {
					x := logits[i*64+v]
					varying, all = varying+(x-mean)*(x-mean), all+x*x
				}
			}
			if share := varying / all; share < 0.1 {
				t.Errorf("%.2g of the logits depends on the position: want more than 0.1", share)
			} else {
				t.Logf("%.2g of the logits depends on the position", share)
			}
		})
	}
}

// TestTaylorTermsAreOdd: with an even number of terms weights may be negative, and training does not get past the
// frequencies of the tokens.
func TestTaylorTermsAreOdd(t *testing.T) {
	presets, err := Presets("taylor-attention")
	if err != nil {
		t.Fatal(err)
	}
	for _, preset := range presets {
		c, err := NewConfig("taylor-attention", preset)
		if err != nil {
			t.Fatal(err)
		}
		if terms := c.Sizes.(*TaylorAttention).TaylorTerms; terms%2 == 0 {
			t.Errorf("preset %s has %d terms of the Taylor series, want an odd number", preset, terms)
		}
	}
}
