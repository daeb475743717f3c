package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// The tokens of Arithmetic. Digits follow: digit d is firstDigit + d.
const (
	padding = iota // behind the end of a shorter sequence
	plus
	minus
	star
	equals
	firstDigit
)

// Arithmetic asks for the value of an expression without brackets modulo m.
//
//	length      T, an even number from 2 on; by default 40
//	inputs      T/2 digits 0..m-1 with an operator +, - or * between each two, then =; * binds stronger
//	targets     at =, the digit of the value modulo m; the others do not count
//	vocabulary  5+m: padding, +, -, *, =, digits
//	chance      1/m; of short ones a little more, as a product is 0 more often than not: 0.253 for T = 4, m = 5
//	source      Grazzi et al. (arXiv 2411.12537), where m = 5, on 3 to 40 tokens, tested on 40 to 256
type Arithmetic struct {
	Modulus int // m; 0: 5
}

// Settings implements Task.
func (a *Arithmetic) Settings() settings.Table {
	return settings.Table{size("modulus", "modulus of the result", &a.Modulus, 2, largestGroup, "5")}
}

// Build implements Task.
func (a *Arithmetic) Build(seq int) (*Sequences, error) {
	m, length := cmp.Or(a.Modulus, 5), cmp.Or(seq, 40)
	if length%2 != 0 {
		return nil, fmt.Errorf("-seq %d: must be even: digits and the signs behind each of them", length)
	}
	return &Sequences{
		Settings: (&Arithmetic{m}).Settings(), Len: length, Vocab: firstDigit + m, Chance: 1 / float64(m), Shortest: 2, Step: 2,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			repeat(targets, ignored)
			sum, term := 0, 1 // of the finished terms, and the signed product so far
			for i := 0; i < len(inputs); i += 2 {
				digit := r.IntN(m)
				term = term * digit % m
				sign := int32(plus + r.IntN(3))
				inputs[i], inputs[i+1] = int32(firstDigit+digit), sign
				switch sign {
				case plus:
					sum, term = sum+term, 1
				case minus:
					sum, term = sum+term, -1
				}
			}
			last := len(inputs) - 1
			if inputs[last] == star { // the last sign is = in place of an operator
				sum += term
			}
			inputs[last], targets[last] = equals, int32(firstDigit+(sum%m+m)%m)
		},
	}, nil
}
