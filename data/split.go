package data

import (
	"cmp"
	"fmt"
	"slices"

	"goomtrain/data/corpus"
	"goomtrain/rng"
)

// split divides a corpus by files. A file is held out if a random number, drawn from the seed and its name,
// is below the fraction, so that it stays on its side when other files come or go. Each side gets at least
// need tokens; where whole files cannot do that, as with a single one, the row of tokens is cut, and its
// end is held out.
func split(c *corpus.Corpus, fraction float64, seed uint64, need int) (train, valid []corpus.Span, err error) {
	if c.Len() < 2*need {
		return nil, nil, fmt.Errorf("its %d tokens are too few: -seq %d needs at least %d to train on and as many to validate on: give more text or a smaller -seq", c.Len(), need-1, need)
	}
	type drawn struct {
		doc    int
		number float64
	}
	byNumber := make([]drawn, len(c.Documents))
	for i, d := range c.Documents {
		byNumber[i] = drawn{i, rng.New(seed, "data/split/"+d.Name).Float64()}
	}
	slices.SortFunc(byNumber, func(a, b drawn) int { // names differ, so the order is the same each time
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.doc, b.doc))
	})
	held, tokens := 0, 0 // byNumber[:held], of that many tokens, are held out
	for held < len(byNumber) && (byNumber[held].number < fraction || tokens < need) {
		tokens += c.Documents[byNumber[held].doc].Len
		held++
	}
	for held > 0 && c.Len()-tokens < need {
		held--
		tokens -= c.Documents[byNumber[held].doc].Len
	}
	if tokens < need {
		cut := c.Len() - max(need, min(int(fraction*float64(c.Len())), c.Len()-need))
		return []corpus.Span{{Start: 0, Len: cut}}, []corpus.Span{{Start: cut, Len: c.Len() - cut}}, nil
	}
	out := make([]bool, len(c.Documents))
	for _, d := range byNumber[:held] {
		out[d.doc] = true
	}
	for i, d := range c.Documents {
		span := corpus.Span{Start: d.Start, Len: d.Len}
		if out[i] {
			valid = append(valid, span)
		} else {
			train = append(train, span)
		}
	}
	return train, valid, nil
}
