package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// Dyck asks for closing brackets: a word of k kinds of brackets, well nested, no deeper than m.
//
//	length      T, an even number from 2 on; by default 64
//	inputs      a word in which all brackets are closed. Where both are possible, the next bracket opens or closes
//	            with probability 1/2; one that opens is of any kind
//	targets     before every closing bracket, that bracket; the others do not count
//	vocabulary  2k: opening brackets 0..k-1, closing ones k..2k-1
//	chance      1/k
//	source      Dyck-(k, m) of Hewitt et al. (arXiv 2010.07515), measured as there: by the closing brackets
type Dyck struct {
	Kinds int // k; 0: 8
	Depth int // m; 0: 5
}

// Settings implements Task.
func (d *Dyck) Settings() settings.Table {
	return settings.Table{
		size("kinds", "kinds of brackets", &d.Kinds, 2, maxAlphabet/2, "8"),
		size("depth", "largest number of open brackets", &d.Depth, 1, MaxLen/2, "5"),
	}
}

// Build implements Task.
func (d *Dyck) Build(seq int) (*Sequences, error) {
	k, m, length := cmp.Or(d.Kinds, 8), cmp.Or(d.Depth, 5), cmp.Or(seq, 64)
	if length%2 != 0 {
		return nil, fmt.Errorf("-seq %d: must be even: every bracket is closed", length)
	}
	open := make([]int32, min(m, length/2)) // kinds of the open brackets, the outermost first
	return &Sequences{
		Settings: (&Dyck{k, m}).Settings(), Len: length, Vocab: 2 * k, Chance: 1 / float64(k), Shortest: 2, Step: 2,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			repeat(targets, ignored)
			depth := 0
			for i := range inputs {
				left := len(inputs) - i
				if depth == 0 || depth < len(open) && depth < left && r.IntN(2) == 0 {
					open[depth] = int32(r.IntN(k))
					inputs[i] = open[depth]
					depth++
				} else {
					depth--
					inputs[i] = int32(k) + open[depth]
					targets[i-1] = inputs[i]
				}
			}
		},
	}, nil
}
