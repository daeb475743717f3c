package tasks

import (
	"fmt"

	"goomtrain/settings"
)

// Symmetric asks for the product of all permutations so far. Group has the same sequences and more groups.
//
//	length      any; by default 64
//	inputs      permutations of n things, numbered in lexicographic order; 0 is the identity
//	targets     at every position, the permutation that results from applying all inputs so far, the first
//	            one first
//	vocabulary  n!: 6 for n = 3, 120 for n = 5
//	chance      1/n!
//	source      Merrill, Petty & Sabharwal (arXiv 2404.08819)
type Symmetric struct {
	N int // 2 to 6: the group's table has (n!)^2 numbers
}

// Settings implements Task. N is not among them: it tells the tasks s3 and s5 apart.
func (*Symmetric) Settings() settings.Table { return nil }

// Build implements Task. It panics if N is not 2 to 6.
func (s *Symmetric) Build(seq int) (*Sequences, error) {
	if s.N < 2 || s.N > largestPermuted {
		panic(fmt.Sprintf("tasks: Symmetric permutes 2 to %d things, got %d", largestPermuted, s.N))
	}
	return groupSequences(nil, seq, symmetric(s.N)), nil
}
