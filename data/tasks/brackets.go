package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// The tokens of Brackets are those of Arithmetic up to =, then these. Digits follow.
const (
	opening = equals + 1 + iota
	closing
	firstBracketsDigit
)

// Brackets asks for the value of an expression with brackets modulo m: a random binary tree of sums and
// differences, each in brackets.
//
//	length      T, from 2 on; by default 40
//	inputs      an expression of T-1 tokens, then =. Of 1 to 4 tokens it is d, -d, (d) or (-d) for a digit d; of
//	            more it is (A+B) or (A-B), where the length of A is uniform among those that leave one for B
//	targets     at =, the digit of the value modulo m; the others do not count
//	vocabulary  7+m: padding, +, -, *, =, (, ), digits; * does not occur
//	chance      1/m
//	source      Grazzi et al. (arXiv 2411.12537), where m = 5, on 3 to 40 tokens, tested on 40 to 256
type Brackets struct {
	Modulus int // m; 0: 5
}

// Settings implements Task.
func (b *Brackets) Settings() settings.Table {
	return settings.Table{size("modulus", "modulus of the result", &b.Modulus, 2, largestGroup, "5")}
}

// Build implements Task.
func (b *Brackets) Build(seq int) (*Sequences, error) {
	m, length := cmp.Or(b.Modulus, 5), cmp.Or(seq, 40)
	if length < 2 {
		return nil, fmt.Errorf("-seq %d: must be at least 2: a digit and =", length)
	}
	return &Sequences{
		Settings: (&Brackets{m}).Settings(), Len: length, Vocab: firstBracketsDigit + m, Chance: 1 / float64(m), Shortest: 2,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			repeat(targets, ignored)
			last := len(inputs) - 1
			value := expression(r, inputs[:last], m)
			inputs[last], targets[last] = equals, int32(firstBracketsDigit+value)
		},
	}, nil
}

// expression fills a row with an expression and returns its value, 0 to m-1.
func expression(r *rng.Stream, row []int32, m int) (value int) {
	n := len(row)
	if n >= 3 {
		row[0], row[n-1] = opening, closing
	}
	if n <= 4 {
		digit := r.IntN(m)
		row[n/2] = int32(firstBracketsDigit + digit)
		if n%2 == 0 {
			row[n/2-1] = minus
			return (m - digit) % m
		}
		return digit
	}
	left := 1 + r.IntN(n-4) // and n-3-left for the right, at least 1
	a := expression(r, row[1:1+left], m)
	b := expression(r, row[2+left:n-1], m)
	row[1+left] = plus
	if r.IntN(2) == 1 {
		row[1+left], b = minus, m-b
	}
	return (a + b) % m
}
