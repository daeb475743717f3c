package models

import (
	"testing"
)

// TestSequencesCorrect: a batch counts its sequences as they would be one by one, those without a counted target not
// at all.
func TestSequencesCorrect(t *testing.T) {
	c, err := NewConfig("goom-rnn", "nano")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Fit(2, 3); err != nil {
		t.Fatal(err)
	}
	m, err := New[float64](c, 1)
	if err != nil {
		t.Fatal(err)
	}
	const size, length = 40, 3
	inputs, targets := make([]int32, size*length), make([]int32, size*length)
	for i := range inputs {
		inputs[i], targets[i] = int32(i*i/3%2), int32(i*5/7%2)
		if i/length%5 == 0 || i%4 == 1 {
			targets[i] = -1
		}
	}
	want := Stats{}
	for i := 0; i < len(inputs); i += length {
		s, err := m.Evaluate(inputs[i:i+length], targets[i:i+length], 1, length)
		if err != nil {
			t.Fatal(err)
		}
		if s.Tokens > 0 {
			want.Sequences++
			if s.Correct == s.Tokens {
				want.CorrectSequences++
			}
		}
	}
	got, err := m.Evaluate(inputs, targets, size, length)
	if err != nil {
		t.Fatal(err)
	}
	if got.Sequences != want.Sequences || got.CorrectSequences != want.CorrectSequences || got.Sequences != 32 || got.CorrectSequences < 3 || got.CorrectSequences > 25 {
		t.Errorf("%+v, want %+v", got, want)
	}
}
