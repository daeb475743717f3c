package main

import (
	"math"
	"testing"

	"goomtrain/models"
)

// TestSwapConverges: with more terms the logits of the same weights come to those of softmax attention.
func TestSwapConverges(t *testing.T) {
	c, err := models.NewConfig("softmax-attention", "nano")
	if err != nil {
		t.Fatal(err)
	}
	sizes := c.Sizes.(*models.SoftmaxAttention)
	sizes.Vocab, sizes.DHead = 32, 8
	trained, err := models.New[float32](c, 3)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]int32, 50)
	for i := range tokens {
		tokens[i] = int32(i * 7 % 32)
	}
	logits := func(m *models.Model[float32]) []float32 {
		s, err := m.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Append(tokens)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := logits(trained)
	distance := func(terms int) float64 {
		swapped, err := swap(trained, terms)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, v := range logits(swapped) {
			sum += math.Abs(float64(v - want[i]))
		}
		return sum
	}
	two, four, eight := distance(2), distance(4), distance(8)
	t.Logf("2 terms: %.3g away, 4 terms: %.3g, 8 terms: %.3g", two, four, eight)
	if !(four < 0.2*two && eight < 0.01*two) {
		t.Error("the distance does not fall with the number of terms")
	}
}
