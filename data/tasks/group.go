package tasks

import (
	"cmp"
	"fmt"

	"goomtrain/rng"
	"goomtrain/settings"
)

// Group asks for the product so far in a finite group: the word problem. With PerElement n an element of the
// group is given as a word of n generators, and its product with those before it is asked after the last.
//
//	length      a multiple of n; by default 64, rounded down to one
//	inputs      n = 1: uniform generators. Otherwise words of n generators, such that their products are uniform
//	            elements: generators at random, then a shortest word of generators that completes the element,
//	            then the identity as often as needed
//	targets     at every n-th position, the product of all inputs so far, the first one applied first
//	vocabulary  the order of the group: inputs and targets are numbers of elements, 0 the identity; permutations
//	            are in lexicographic order
//	chance      one over the order; with n = 1 and generators other than all, that of long sequences
//	source      Merrill, Petty & Sabharwal (arXiv 2404.08819); with generators Grazzi et al. (arXiv 2411.12537),
//	            whose variant of four tokens is PerElement 4 with swaps
//
// There is no symbol for the beginning in front of a sequence, as there: the models of this module that need
// one learn their initial state.
type Group struct {
	Name       string // z5, s5, a5, a4xz5, ...; "": s5
	Generators string // "all", "swaps" (and the identity), "3-cycles" (and the swaps of the group); "": all
	PerElement int    // n; 0: 1
}

// Settings implements Task.
func (g *Group) Settings() settings.Table {
	return settings.Table{
		{Name: "group", Help: "zN, sN, aN or a product such as a4xz5", Value: &g.Name, Zero: "s5", Change: settings.Frozen},
		choice("generators", "elements that occur as inputs", &g.Generators, "all", "swaps", "3-cycles"),
		size("per-element", "inputs that make up an element of the group", &g.PerElement, 1, 64, "1"),
	}
}

// Build implements Task.
func (g *Group) Build(seq int) (*Sequences, error) {
	resolved := &Group{cmp.Or(g.Name, "s5"), cmp.Or(g.Generators, "all"), cmp.Or(g.PerElement, 1)}
	group, err := groupOf(resolved.Name)
	if err != nil {
		return nil, err
	}
	n := resolved.PerElement
	length := cmp.Or(seq, max(n, 64/n*n))
	if length%n != 0 {
		return nil, fmt.Errorf("-seq %d: must be a multiple of -per-element %d", length, n)
	}
	words, err := newWords(group, resolved.Generators)
	if err != nil {
		return nil, fmt.Errorf("-group %q -generators %q: %w", resolved.Name, resolved.Generators, err)
	}
	if n > 1 && n < words.longest {
		return nil, fmt.Errorf("-per-element %d: some elements of %s need %d generators: must be at least that, or 1", n, resolved.Name, words.longest)
	}
	return &Sequences{
		Settings: resolved.Settings(), Len: length, Vocab: group.order, Chance: 1 / float64(group.order), Shortest: n, Step: n,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			repeat(targets, ignored)
			product := int32(0)
			for at := 0; at < len(inputs); at += n {
				word := inputs[at : at+n]
				if n > 1 {
					words.draw(r, word)
				} else {
					word[0] = words.generators[r.IntN(len(words.generators))]
				}
				for _, x := range word {
					product = group.times(product, x)
				}
				targets[at+n-1] = product
			}
		},
	}, nil
}

// words has a shortest word of generators for every element of a group.
type words struct {
	group      finiteGroup
	generators []int32
	last       []int32 // [order] last generator of the word of an element
	before     []int32 // [order] product of the others
	inverse    []int32 // [order]
	length     []int   // [order] of the word; 0 for the identity
	longest    int
}

// newWords finds the words in order of their length.
func newWords(group finiteGroup, generators string) (*words, error) {
	moved := map[string]int{"swaps": 2, "3-cycles": 3}[generators]
	if moved > 0 && group.moved == nil {
		return nil, fmt.Errorf("its elements are no permutations of things: only sN and aN have such generators")
	}
	w := &words{group: group, last: make([]int32, group.order), before: make([]int32, group.order),
		inverse: make([]int32, group.order), length: make([]int, group.order)}
	for x := range int32(group.order) {
		if moved == 0 || group.moved[x] <= moved {
			w.generators = append(w.generators, x)
		}
		for y := range int32(group.order) {
			if group.times(x, y) == 0 {
				w.inverse[x] = y
			}
		}
	}
	found := []int32{0}
	for i := 0; i < len(found); i++ {
		from := found[i]
		for _, generator := range w.generators {
			if to := group.times(from, generator); to != 0 && w.length[to] == 0 {
				w.last[to], w.before[to], w.length[to] = generator, from, w.length[from]+1
				w.longest = w.length[to] // the last one found is the longest
				found = append(found, to)
			}
		}
	}
	if len(found) < group.order {
		return nil, fmt.Errorf("their products are only %d of its %d elements", len(found), group.order)
	}
	return w, nil
}

// draw writes a word whose product is a uniform element. It has at least the length of the longest word.
func (w *words) draw(r *rng.Stream, word []int32) {
	free := len(word) - w.longest
	product := int32(0)
	for i := range free {
		word[i] = w.generators[r.IntN(len(w.generators))]
		product = w.group.times(product, word[i])
	}
	rest := w.group.times(w.inverse[product], int32(r.IntN(w.group.order)))
	repeat(word[free:], 0)
	for rest != 0 {
		word[free+w.length[rest]-1] = w.last[rest]
		rest = w.before[rest]
	}
}
