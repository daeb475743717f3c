package main

import (
	"cmp"

	"goomtrain/data"
	"goomtrain/data/tasks"
	"goomtrain/rng"
	"goomtrain/settings"
)

// Majority holds the settings of the task majority: predict the symbol that has been most frequent so far.
//
//	inputs      symbols 0..n-1 at random
//	targets     the most frequent symbol up to there; if there are several, the position is not counted
type Majority struct {
	Candidates int // n; 0: 3
}

// Settings implements tasks.Task. The setting determines the data, so a resumed run may not change it.
func (c *Majority) Settings() settings.Table {
	return settings.Table{
		{Name: "candidates", Help: "symbols to count", Value: &c.Candidates, Rule: settings.Between(2, 1000), Zero: "3", Change: settings.Frozen},
	}
}

// Build implements tasks.Task.
func (c *Majority) Build(seq int) (*tasks.Sequences, error) {
	n := cmp.Or(c.Candidates, 3)
	counts := make([]int, n) // belongs to the sequences that are returned
	return &tasks.Sequences{
		Settings: (&Majority{n}).Settings(), Len: cmp.Or(seq, 64), Vocab: n, Chance: 1 / float64(n), Shortest: 1,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			clear(counts)
			for t := range inputs {
				symbol := r.IntN(n)
				counts[symbol]++
				inputs[t], targets[t] = int32(symbol), leader(counts)
			}
		},
	}, nil
}

// leader returns the index of the largest count, or -1 if there are several.
func leader(counts []int) int32 {
	best, only := 0, true
	for i, n := range counts[1:] {
		switch {
		case n > counts[best]:
			best, only = i+1, true
		case n == counts[best]:
			only = false
		}
	}
	if !only {
		return -1
	}
	return int32(best)
}

func init() {
	data.Register("majority", "most frequent symbol so far, at every position; vocabulary 3, chance 1/3", func() data.Task {
		return data.Synthetic("majority", &Majority{})
	})
}
