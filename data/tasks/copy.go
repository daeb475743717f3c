package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// Copy asks the model to repeat n data symbols after a delay.
//
//	length      delay + 2n
//	inputs      n data symbols, delay-1 blanks, one delimiter, n blanks
//	targets     the last n are the data symbols in order, each n+delay positions after it was shown; the
//	            others do not count
//	vocabulary  a+2: data symbols 0..a-1, the blank a, the delimiter a+1
//	chance      1/a
//	source      Hochreiter & Schmidhuber 1997, in the layout of Arjovsky, Shah & Bengio (arXiv 1511.06464),
//	            whose n = 10 and a = 8 are the defaults
type Copy struct {
	Delay    int // positions from the last data symbol to the delimiter; 0: 100, or seq - 2n if seq is set
	MinDelay int // each sequence draws its delay, uniformly from MinDelay to Delay; 0: all have Delay
	Symbols  int // n; 0: 10
	Alphabet int // a; 0: 8
}

// Settings implements Task.
func (c *Copy) Settings() settings.Table {
	return settings.Table{
		{Name: "delay", Help: "positions between symbols and recall, or MIN:MAX to draw from a range", Value: settings.Range{Min: &c.MinDelay, Max: &c.Delay},
			Change: settings.Frozen, Rule: settings.Between(1, MaxLen), Zero: "100, or what -seq leaves"},
		size("symbols", "symbols to remember", &c.Symbols, 1, MaxLen, "10"),
		size("alphabet", "different symbols", &c.Alphabet, 2, maxAlphabet, "8"),
	}
}

// Build implements Task. A stretched task has factor times the largest delay. Lengths can vary where Delay is
// not set.
func (c *Copy) Build(seq int) (*Sequences, error) {
	n, a, delay := cmp.Or(c.Symbols, 10), cmp.Or(c.Alphabet, 8), c.Delay
	switch {
	case delay == 0 && seq == 0:
		delay = 100
	case delay == 0 && seq < 2*n+1:
		return nil, fmt.Errorf("-seq %d: must be at least %d with -symbols %d (2 symbols + 1)", seq, 2*n+1, n)
	case delay == 0:
		delay = seq - 2*n
	case seq != 0 && seq != delay+2*n:
		return nil, fmt.Errorf("-seq %d: must be delay + 2 symbols, which is %d with -delay %d and -symbols %d: set -delay or -seq, not both", seq, delay+2*n, delay, n)
	}
	if delay+2*n > MaxLen {
		return nil, fmt.Errorf("-delay %d: a sequence would have %d positions (delay + 2 symbols): must be at most %d", delay, delay+2*n, MaxLen)
	}
	resolved := &Copy{Delay: delay, MinDelay: c.MinDelay, Symbols: n, Alphabet: a}
	blank, delimiter := int32(a), int32(a+1)
	s := &Sequences{
		Settings: resolved.Settings(), Len: delay + 2*n, Vocab: a + 2, Chance: 1 / float64(a),
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			repeat(inputs, blank)
			repeat(targets, ignored)
			end := len(inputs)
			if resolved.MinDelay > 0 { // blanks that do not count follow a shorter sequence
				end -= delay - resolved.MinDelay - r.IntN(delay-resolved.MinDelay+1)
			}
			inputs[end-n-1] = delimiter
			for i := range n {
				symbol := int32(r.IntN(a))
				inputs[i], targets[end-n+i] = symbol, symbol
			}
		},
		Longer: func(factor int) (Task, int) {
			return &Copy{Delay: factor * delay, Symbols: n, Alphabet: a}, 0
		},
	}
	if c.Delay == 0 {
		s.Shortest = 2*n + 1
	}
	return s, nil
}
