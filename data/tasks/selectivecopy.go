package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// SelectiveCopy asks the model to repeat n data symbols that stood at random places among blanks.
//
//	length      T; by default 128
//	inputs      T-n positions with n data symbols at random places among blanks, then n delimiters
//	targets     those of the delimiters are the data symbols in the order shown; the others do not count
//	vocabulary  a+2: data symbols 0..a-1, the blank a, the delimiter a+1
//	chance      1/a
//	source      Gu & Dao (arXiv 2312.00752)
type SelectiveCopy struct {
	Symbols  int // n; 0: 10
	Alphabet int // a; 0: 8
}

// Settings implements Task.
func (c *SelectiveCopy) Settings() settings.Table {
	return settings.Table{
		size("symbols", "symbols to remember", &c.Symbols, 1, MaxLen, "10"),
		size("alphabet", "different symbols", &c.Alphabet, 2, maxAlphabet, "8"),
	}
}

// Build implements Task.
func (c *SelectiveCopy) Build(seq int) (*Sequences, error) {
	resolved := &SelectiveCopy{Symbols: cmp.Or(c.Symbols, 10), Alphabet: cmp.Or(c.Alphabet, 8)}
	n, a, length := resolved.Symbols, resolved.Alphabet, cmp.Or(seq, 128)
	if length < 2*n {
		return nil, fmt.Errorf("-seq %d: must be at least %d with -symbols %d (2 symbols)", length, 2*n, n)
	}
	blank, delimiter := int32(a), int32(a+1)
	return &Sequences{
		Settings: resolved.Settings(), Len: length, Vocab: a + 2, Chance: 1 / float64(a), Shortest: 2 * n,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			shown := len(inputs) - n
			repeat(inputs[:shown], blank)
			repeat(inputs[shown:], delimiter)
			repeat(targets[:shown], ignored)
			// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): every set of n places is equally likely.
			for i, found := 0, 0; found < n; i++ {
				if r.IntN(shown-i) < n-found {
					symbol := int32(r.IntN(a))
					inputs[i], targets[shown+found] = symbol, symbol
					found++
				}
			}
		},
	}, nil
}
