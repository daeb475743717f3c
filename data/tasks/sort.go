package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// Sort asks for the data symbols in ascending order.
//
//	length      T, an even number from 2 on; by default 64
//	inputs      T/2 data symbols, then T/2 delimiters
//	targets     those of the delimiters are the data symbols in ascending order; the others do not count
//	vocabulary  a+1: data symbols 0..a-1, the delimiter a
//	chance      1/a; a model that predicts the likeliest symbol of each place reaches more
//	source      bucket sort of Delétang et al. (arXiv 2207.02098), where a = 5
type Sort struct {
	Alphabet int // a; 0: 5
}

// Settings implements Task.
func (s *Sort) Settings() settings.Table {
	return settings.Table{size("alphabet", "different symbols", &s.Alphabet, 2, maxAlphabet, "5")}
}

// Build implements Task.
func (s *Sort) Build(seq int) (*Sequences, error) {
	a, length := cmp.Or(s.Alphabet, 5), cmp.Or(seq, 64)
	if length%2 != 0 {
		return nil, fmt.Errorf("-seq %d: must be even: symbols and as many delimiters", length)
	}
	counts := make([]int, a)
	return &Sequences{
		Settings: (&Sort{a}).Settings(), Len: length, Vocab: a + 1, Chance: 1 / float64(a), Shortest: 2, Step: 2,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			n := len(inputs) / 2
			repeat(inputs[n:], int32(a))
			repeat(targets[:n], ignored)
			clear(counts)
			for i := range n {
				symbol := r.IntN(a)
				inputs[i] = int32(symbol)
				counts[symbol]++
			}
			at := n
			for symbol, count := range counts {
				repeat(targets[at:at+count], int32(symbol))
				at += count
			}
		},
	}, nil
}
