package tasks

import "goomtrain/rng"

// The tasks that ask for the product so far in a finite group: parity is addition modulo 2, modular is
// addition modulo m, s3 and s5 are composition of permutations. A uniform factor makes the product
// uniform at every position, whatever came before.

// buildGroup makes the task from a multiplication table: table[x*order+y] is y applied after x. Element 0
// is the identity.
func buildGroup(t *Task, order int, table []int32) error {
	t.Vocab, t.Chance, t.Counted = order, 1/float64(order), t.SeqLen
	t.fill = func(r *rng.Stream, inputs, targets []int32) {
		product := int32(0)
		for i := range inputs {
			inputs[i] = int32(r.IntN(order))
			product = table[int(product)*order+int(inputs[i])]
			targets[i] = product
		}
	}
	return nil
}

func buildParity(t *Task) error { return buildGroup(t, 2, cyclic(2)) }

func buildModular(t *Task) error { return buildGroup(t, t.Modulus, cyclic(t.Modulus)) }

func buildSymmetric(n int) func(t *Task) error {
	return func(t *Task) error {
		order, table := symmetric(n)
		return buildGroup(t, order, table)
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
