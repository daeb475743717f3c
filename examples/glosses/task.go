package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"goomtrain/rng"
	"goomtrain/trees"
	"goomtrain/trees/wordnet"
)

// longest is T, the number of words of a gloss that are read. Most definitions are shorter.
const longest = 20

// A gloss is the definition of a noun and the class that it belongs to.
type gloss struct {
	words []int32 // at least 1, at most T
	class int32
}

// A task is the glosses of nouns and the tree of their classes: hypernyms of many nouns.
type task struct {
	tree        *trees.Tree
	names       []string // of the classes
	vocab       int      // V
	train, test []gloss
}

// newTask takes as classes the hypernyms at levels 1 to depth of WordNet's tree that stand above, or are, at least that many
// nouns. The class of a noun is the lowest one in its path. A tenth of the glosses, always the same, is for the test.
func newTask(lexicon *wordnet.Lexicon, depth, least int) (*task, error) {
	all, err := lexicon.Tree()
	if err != nil {
		return nil, err
	}
	nouns := map[int32][]int32{} // paths, without entity, the root of all nouns
	above := make([]int, all.Classes())
	for c := range int32(all.Classes()) {
		if path := all.Path(c); len(path) > 1 && strings.Contains(lexicon.Synsets[c].Name, ".n.") {
			nouns[c] = path[1:min(len(path), depth+1)]
			for _, a := range nouns[c] {
				above[a]++
			}
		}
	}
	t := &task{}
	class, parents := map[int32]int32{}, []int32(nil)
	for _, level := range levelsOf(all, depth) {
		for _, c := range level {
			if above[c] < least {
				continue
			}
			parent, ok := class[all.Parent(c)]
			if !ok {
				parent = -1
			}
			class[c] = int32(len(parents))
			parents, t.names = append(parents, parent), append(t.names, lexicon.Synsets[c].Name)
		}
	}
	if t.tree, err = trees.New(parents); err != nil {
		return nil, fmt.Errorf("no hypernym at levels 1 to %d stands above %d nouns: %w", depth, least, err)
	}
	t.split(lexicon, nouns, class)
	return t, nil
}

// levelsOf returns the synsets at levels 1 to depth.
func levelsOf(tree *trees.Tree, depth int) (levels [][]int32) {
	for l := 1; l <= min(depth, tree.Levels()-1); l++ {
		levels = append(levels, tree.At(l))
	}
	return levels
}

// split makes the glosses of both parts, and the vocabulary of those for training.
func (t *task) split(lexicon *wordnet.Lexicon, nouns map[int32][]int32, class map[int32]int32) {
	var labeled []int32 // nouns with a class
	label := map[int32]int32{}
	for c := range int32(len(lexicon.Synsets)) {
		for _, a := range nouns[c] {
			if k, ok := class[a]; ok {
				label[c] = k // that of the lowest one remains
			}
		}
		if _, ok := label[c]; ok {
			labeled = append(labeled, c)
		}
	}
	order := rng.New(1, "split").Perm(len(labeled))
	test := len(order) / 10
	count := map[string]int{}
	for _, i := range order[test:] {
		for _, w := range words(lexicon.Synsets[labeled[i]].Gloss) {
			count[w]++
		}
	}
	number := vocabulary(count)
	t.vocab = len(number) + 1 // 0 is any other word
	for at, i := range order {
		c := labeled[i]
		g := gloss{class: label[c]}
		for _, w := range words(lexicon.Synsets[c].Gloss) {
			g.words = append(g.words, number[w])
		}
		if len(g.words) == 0 {
			g.words = []int32{0}
		}
		if at < test {
			t.test = append(t.test, g)
		} else {
			t.train = append(t.train, g)
		}
	}
}

// words returns the first words of the definition in a gloss, in lower case. Examples follow it in quotation marks.
func words(text string) []string {
	definition, _, _ := strings.Cut(text, `"`)
	w := strings.FieldsFunc(strings.ToLower(definition), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return w[:min(len(w), longest)]
}

// vocabulary numbers the words that occur at least three times from 1 on, the most frequent first.
func vocabulary(count map[string]int) map[string]int32 {
	var list []string
	for w, n := range count {
		if n >= 3 {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	number := make(map[string]int32, len(list))
	for i, w := range list {
		number[w] = int32(i + 1)
	}
	return number
}
