package tasks

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"goomtrain/rng"
	"goomtrain/settings"
)

// A finiteGroup is given by its multiplication table. Element 0 is the identity.
type finiteGroup struct {
	order int
	table []int32 // [order, order]: table[x*order+y] is y applied after x
	moved []int   // [order]: how many things an element moves; nil where elements are no permutations
}

// Limits of a table, whose size is the square of the order.
const (
	largestGroup    = 1 << 10
	largestPermuted = 6 // things: 720 permutations
)

// times returns y applied after x.
func (g finiteGroup) times(x, y int32) int32 { return g.table[int(x)*g.order+int(y)] }

// groupSequences asks, at every position, for the product so far in a group. A uniform factor makes the product
// uniform at every position, whatever came before it.
func groupSequences(resolved settings.Table, seq int, g finiteGroup) *Sequences {
	return &Sequences{
		Settings: resolved, Len: cmp.Or(seq, 64), Vocab: g.order, Chance: 1 / float64(g.order), Shortest: 1,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			product := int32(0)
			for i := range inputs {
				inputs[i] = int32(r.IntN(g.order))
				product = g.times(product, inputs[i])
				targets[i] = product
			}
		},
	}
}

// groupOf returns the group of a name: z5, s5, a5, or a direct product such as a4xz5, whose elements are
// numbered with those of the last factor fastest.
func groupOf(name string) (finiteGroup, error) {
	g := finiteGroup{order: 1, table: []int32{0}}
	factors := strings.Split(name, "x")
	for _, factor := range factors {
		f, err := simpleGroupOf(factor)
		if err != nil {
			return g, fmt.Errorf("-group %q: %w", name, err)
		}
		if g.order*f.order > largestGroup {
			return g, fmt.Errorf("-group %q: it has more than %d elements", name, largestGroup)
		}
		if len(factors) == 1 {
			return f, nil
		}
		g = product(g, f)
	}
	return g, nil
}

func simpleGroupOf(name string) (g finiteGroup, err error) {
	kind, number := name[:min(1, len(name))], name[min(1, len(name)):]
	n, err := strconv.Atoi(number)
	limit := map[string]int{"z": largestGroup, "s": largestPermuted, "a": largestPermuted}[kind]
	switch {
	case err != nil || limit == 0 || strconv.Itoa(n) != number:
		return g, fmt.Errorf("must be zN (integers modulo N), sN or aN (all or the even permutations of N things), or a product of such as a4xz5")
	case n < 2 || n > limit || kind == "a" && n < 3:
		return g, fmt.Errorf("%s has too few or too many elements: N must be 2 to %d for z, 2 to %d for s, 3 to %d for a", name, largestGroup, largestPermuted, largestPermuted)
	case kind == "z":
		return cyclic(n), nil
	case kind == "s":
		return symmetric(n), nil
	}
	return alternating(n), nil
}

// cyclic is addition modulo m.
func cyclic(m int) finiteGroup {
	g := finiteGroup{order: m, table: make([]int32, m*m)}
	for x := range m {
		for y := range m {
			g.table[x*m+y] = int32((x + y) % m)
		}
	}
	return g
}

// product is the direct product: pairs, of which (x, y) has the number x*order(b) + y.
func product(a, b finiteGroup) finiteGroup {
	g := finiteGroup{order: a.order * b.order}
	for x := range g.order {
		for y := range g.order {
			first := a.times(int32(x/b.order), int32(y/b.order))
			g.table = append(g.table, first*int32(b.order)+b.times(int32(x%b.order), int32(y%b.order)))
		}
	}
	return g
}

// symmetric is the composition of the permutations of 0..n-1 in lexicographic order.
func symmetric(n int) finiteGroup { return composition(permutations(n)) }

// alternating is symmetric for the even permutations alone.
func alternating(n int) finiteGroup {
	var even [][]byte
	for _, p := range permutations(n) {
		inversions := 0
		for i := range p {
			for _, later := range p[i:] {
				if later < p[i] {
					inversions++
				}
			}
		}
		if inversions%2 == 0 {
			even = append(even, p)
		}
	}
	return composition(even)
}

// composition is the group of permutations of which the first is the identity.
func composition(perms [][]byte) finiteGroup {
	number := map[string]int32{}
	for i, p := range perms {
		number[string(p)] = int32(i)
	}
	g := finiteGroup{order: len(perms), table: make([]int32, len(perms)*len(perms)), moved: make([]int, len(perms))}
	after := make([]byte, len(perms[0]))
	for x, first := range perms {
		for i, to := range first {
			if int(to) != i {
				g.moved[x]++
			}
		}
		for y, second := range perms {
			for i := range after {
				after[i] = second[first[i]]
			}
			g.table[x*g.order+y] = number[string(after)]
		}
	}
	return g
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
