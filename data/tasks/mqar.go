package tasks

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"goomtrain/rng"
	"goomtrain/settings"
)

// MQAR, multi-query associative recall, shows the model n pairs of a key and its value, and then asks once for
// the value of each key, sooner more often than later.
//
//	length      T, an even number from 4n on; by default 64
//	pairs       n; or each sequence draws its own, uniformly from MinPairs to Pairs, T/4 at most; validation at a
//	            given length has as many as fit
//	inputs      n pairs of a key and its value, no key and no value twice; then the n keys, each at one of the
//	            (T-2n)/2 even positions, drawn in turn without replacement with a probability proportional to
//	            i^(0.01-1) for the i-th of them; the rest is uniform over the vocabulary, or 0
//	targets     at each of these keys, its value; the others do not count
//	vocabulary  a: 0, keys 1..a/2-1, values a/2..a-1
//	chance      one over the number of values; a model that predicts one of the values shown reaches 1/n
//	source      Arora et al. (arXiv 2312.04927), where a = 8192 and (T, n) = (64, 4), (128, 8), (256, 16), (512, 64)
type MQAR struct {
	MinPairs int    // 0: all sequences have Pairs
	Pairs    int    // n; 0: 4
	Alphabet int    // a; 0: 8192
	Filler   string // "random" or "zero"; "": random
}

// mqarPower is the exponent of the power law of the gaps, plus one.
const mqarPower = 0.01

// Settings implements Task.
func (q *MQAR) Settings() settings.Table {
	return settings.Table{
		{Name: "pairs", Help: "pairs of a key and its value to remember, or MIN:MAX to draw from a range", Value: settings.Range{Min: &q.MinPairs, Max: &q.Pairs},
			Change: settings.Frozen, Rule: settings.Between(1, MaxLen/4), Zero: "4"},
		size("alphabet", "different symbols", &q.Alphabet, 4, maxAlphabet, "8192"),
		choice("filler", "symbols at positions without key or value", &q.Filler, "random", "zero"),
	}
}

// Build implements Task.
func (q *MQAR) Build(seq int) (*Sequences, error) {
	resolved := &MQAR{q.MinPairs, cmp.Or(q.Pairs, 4), cmp.Or(q.Alphabet, 8192), cmp.Or(q.Filler, "random")}
	most, a, length := resolved.Pairs, resolved.Alphabet, cmp.Or(seq, 64)
	least := cmp.Or(resolved.MinPairs, most)
	switch {
	case most > a/2-1:
		return nil, fmt.Errorf("-pairs %d: must be at most %d with -alphabet %d, of which half are keys, without 0", most, a/2-1, a)
	case length < 4*least || length%2 != 0:
		return nil, fmt.Errorf("-seq %d: must be even and at least %d, four times -pairs %d", length, 4*least, least)
	}
	keys, values := make([]int32, a/2-1), make([]int32, a-a/2) // the first n of each are shuffled
	sums := make([]float64, (length-2*least)/2)                // of the weights of the first places
	total := 0.0
	for i := range sums {
		total += math.Pow(float64(i+1), mqarPower-1)
		sums[i] = total
	}
	return &Sequences{
		Settings: resolved.Settings(), Len: length, Vocab: a, Chance: 1 / float64(len(values)), Shortest: 4 * least, Step: 2,
		AtLength: func(n int) Task {
			return &MQAR{Pairs: max(least, min(most, n/4)), Alphabet: a, Filler: resolved.Filler}
		},
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			n := most
			if fit := min(most, len(inputs)/4); resolved.MinPairs > 0 {
				n = least + r.IntN(fit-least+1)
			}
			repeat(inputs, 0)
			repeat(targets, ignored)
			shuffle(r, keys, 1, n)
			shuffle(r, values, a/2, n)
			queries := inputs[2*n:]
			sums := sums[:len(queries)/2]
			for i := range n {
				inputs[2*i], inputs[2*i+1] = keys[i], values[i]
				at := place(r, sums)
				for queries[2*at] != 0 { // taken: draw again, which is drawing from the others
					at = place(r, sums)
				}
				queries[2*at], targets[2*n+2*at] = keys[i], values[i]
			}
			if resolved.Filler == "zero" {
				return
			}
			for i, x := range inputs {
				if x == 0 {
					inputs[i] = int32(r.IntN(a))
				}
			}
		},
	}, nil
}

// shuffle fills a row with the numbers from first on, of which n random ones stand at the beginning.
func shuffle(r *rng.Stream, row []int32, first, n int) {
	for i := range row {
		row[i] = int32(first + i)
	}
	for i := range n {
		j := i + r.IntN(len(row)-i)
		row[i], row[j] = row[j], row[i]
	}
}

// place draws an index with the probabilities whose running sums are given.
func place(r *rng.Stream, sums []float64) int {
	x := r.Float64() * sums[len(sums)-1]
	at, exact := slices.BinarySearch(sums, x)
	if exact {
		at++ // x is uniform below the total: it lies in [sums[at], sums[at+1])
	}
	return min(at, len(sums)-1)
}
