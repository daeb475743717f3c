package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// The tasks of this file ask, at every position, for the product so far in a finite group: Parity in the
// integers modulo 2, Modular in those modulo m, Symmetric in the permutations. A uniform factor makes the
// product uniform at every position, whatever came before it.

// Parity asks for the parity of all bits so far.
//
//	length      by default 64
//	inputs      bits
//	targets     at every position, the sum of the bits so far modulo 2
//	vocabulary  2
//	chance      1/2
type Parity struct{}

// Settings implements Task.
func (*Parity) Settings() settings.Table { return nil }

// Build implements Task.
func (p *Parity) Build(seq int) (*Sequences, error) {
	return groupSequences(p, seq, 2, cyclic(2)), nil
}

// Modular asks for the sum of all digits so far modulo m.
//
//	length      by default 64
//	inputs      digits 0..m-1
//	targets     at every position, the sum of the digits so far modulo m
//	vocabulary  m
//	chance      1/m
type Modular struct {
	Modulus int // m; 0: 5
}

// Settings implements Task.
func (m *Modular) Settings() settings.Table {
	// The largest modulus bounds the group's table, whose size is its square.
	return settings.Table{size("modulus", "modulus of the sum", &m.Modulus, 2, 1<<10, "5")}
}

// Build implements Task.
func (m *Modular) Build(seq int) (*Sequences, error) {
	resolved := &Modular{Modulus: cmp.Or(m.Modulus, 5)}
	return groupSequences(resolved, seq, resolved.Modulus, cyclic(resolved.Modulus)), nil
}

// Symmetric asks for the product of all permutations so far.
//
//	length      by default 64
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
	if s.N < 2 || s.N > 6 {
		panic(fmt.Sprintf("tasks: Symmetric permutes 2 to 6 things, got %d", s.N))
	}
	order, table := symmetric(s.N)
	return groupSequences(s, seq, order, table), nil
}

// groupSequences is the task of a group given by its multiplication table: table[x*order+y] is y applied
// after x, [order, order]. Element 0 is the identity.
func groupSequences(resolved Task, seq, order int, table []int32) *Sequences {
	return &Sequences{
		Settings: resolved.Settings(), Len: cmp.Or(seq, 64), Vocab: order, Chance: 1 / float64(order),
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			product := int32(0)
			for i := range inputs {
				inputs[i] = int32(r.IntN(order))
				product = table[int(product)*order+int(inputs[i])]
				targets[i] = product
			}
		},
	}
}

// cyclic is the table of addition modulo m.
func cyclic(m int) []int32 {
	table := make([]int32, m*m)
	for x := range m {
		for y := range m {
			table[x*m+y] = int32((x + y) % m)
		}
	}
	return table
}

// symmetric is the table of composition of the permutations of 0..n-1 in lexicographic order.
func symmetric(n int) (order int, table []int32) {
	perms := permutations(n)
	number := map[string]int32{}
	for i, p := range perms {
		number[string(p)] = int32(i)
	}
	order = len(perms)
	table = make([]int32, order*order)
	after := make([]byte, n)
	for x, first := range perms {
		for y, second := range perms {
			for i := range after {
				after[i] = second[first[i]]
			}
			table[x*order+y] = number[string(after)]
		}
	}
	return order, table
}

// permutations lists the permutations of 0..n-1 in lexicographic order: those that start with 0, then
// those that start with 1, and so on.
func permutations(n int) [][]byte {
	if n == 0 {
		return [][]byte{{}}
	}
	var all [][]byte
	for first := range n {
		for _, rest := range permutations(n - 1) {
			p := append(make([]byte, 0, n), byte(first))
			for _, v := range rest {
				if int(v) >= first { // the rest runs over what is left when first is taken out
					v++
				}
				p = append(p, v)
			}
			all = append(all, p)
		}
	}
	return all
}
