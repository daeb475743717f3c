package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// Recall shows the model n pairs of a key and its value, and then asks for the values of keys.
//
//	length      T; by default 64
//	inputs      n pairs of a key and its value, no key twice, then T-2n queries: each is one of those keys
//	targets     that of a query is the value of its key; the others do not count
//	vocabulary  2a: keys 0..a-1, values a..2a-1
//	chance      1/a; a model that predicts one of the values shown, whatever the key, reaches about 1/n
//	source      Arora et al. (arXiv 2312.04927), with a query at every position
type Recall struct {
	Symbols  int // n; 0: 8
	Alphabet int // a; 0: 16
}

// Settings implements Task.
func (c *Recall) Settings() settings.Table {
	return settings.Table{
		size("symbols", "pairs of a key and its value to remember", &c.Symbols, 1, MaxLen, "8"),
		size("alphabet", "different keys, and as many values", &c.Alphabet, 2, maxAlphabet, "16"),
	}
}

// Build implements Task.
func (c *Recall) Build(seq int) (*Sequences, error) {
	resolved := &Recall{Symbols: cmp.Or(c.Symbols, 8), Alphabet: cmp.Or(c.Alphabet, 16)}
	n, a, length := resolved.Symbols, resolved.Alphabet, cmp.Or(seq, 64)
	switch {
	case n > a:
		return nil, fmt.Errorf("-symbols %d: must be at most -alphabet %d, as every pair has another key", n, a)
	case length < 2*n+1:
		return nil, fmt.Errorf("-seq %d: must be at least %d with -symbols %d (2 symbols + 1)", length, 2*n+1, n)
	}
	keys := make([]int32, a) // of one sequence; the first n are shuffled
	return &Sequences{
		Settings: resolved.Settings(), Len: length, Vocab: 2 * a, Chance: 1 / float64(a), Shortest: 2*n + 1,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			for i := range keys {
				keys[i] = int32(i)
			}
			repeat(targets[:2*n], ignored)
			for i := range n {
				j := i + r.IntN(a-i)
				keys[i], keys[j] = keys[j], keys[i]
				inputs[2*i], inputs[2*i+1] = keys[i], int32(a+r.IntN(a))
			}
			for i := 2 * n; i < len(inputs); i++ {
				pair := r.IntN(n)
				inputs[i], targets[i] = inputs[2*pair], inputs[2*pair+1]
			}
		},
	}, nil
}
