package data

import (
	"cmp"
	"fmt"
	"slices"

	"goomtrain/data/corpus"
	"goomtrain/rng"
)

// split divides a corpus by texts: files, and rows of files of rows. A text is held out if a random number, drawn from the
// seed and the name of the file or the content of the row, is below the fraction, so that it stays on its side when others
// come or go, and equal rows are on one side. Each side gets at least need tokens; where whole texts cannot do that, as
// with a single one, the row of tokens is cut, and its end is held out.
func split(c *corpus.Corpus, fraction float64, seed uint64, need int) (train, valid []corpus.Span, err error) {
	if c.Len() < 2*need {
		return nil, nil, fmt.Errorf("its %d tokens are too few: -seq %d needs at least %d to train on and as many to validate on: give more text or a smaller -seq", c.Len(), need-1, need)
	}
	limit := drawn{number: fraction} // no text has number 0, so those below the fraction are held out
	held := 0
	eachText(c, seed, func(d drawn, span corpus.Span) {
		if d.less(limit) {
			held += span.Len
		}
	})
	if held < need || c.Len()-held < need {
		if limit, held = needed(c, fraction, seed, need); held < need {
			cut := c.Len() - max(need, min(int(fraction*float64(c.Len())), c.Len()-need))
			return []corpus.Span{{Start: 0, Len: cut}}, []corpus.Span{{Start: cut, Len: c.Len() - cut}}, nil
		}
	}
	eachText(c, seed, func(d drawn, span corpus.Span) {
		if d.less(limit) {
			valid = appendSpan(valid, span)
		} else {
			train = appendSpan(train, span)
		}
	})
	return train, valid, nil
}

// drawn is the number of a text in the draw.
type drawn struct {
	number float64
	text   int // in the order of the corpus, from 1
}

func (d drawn) less(e drawn) bool { return d.compare(e) < 0 }

func (d drawn) compare(e drawn) int {
	return cmp.Or(cmp.Compare(d.number, e.number), cmp.Compare(d.text, e.text))
}

// eachText draws the number of every text.
func eachText(c *corpus.Corpus, seed uint64, yield func(drawn, corpus.Span)) {
	key, text := rng.NewKey(seed, "data/split of rows"), 0
	for i, d := range c.Documents {
		rows := c.Rows(i)
		if rows == nil {
			text++
			yield(drawn{rng.New(seed, "data/split/"+d.Name).Float64(), text}, corpus.Span{Start: d.Start, Len: d.Len})
		}
		start := d.Start
		for _, r := range rows {
			text++
			yield(drawn{float64(key.Uint64(r.ID)>>11) / (1 << 53), text}, corpus.Span{Start: start, Len: r.Len})
			start += r.Len
		}
	}
}

// needed returns the limit below which texts are held out when those below the fraction have too many or too few tokens
// for one of the sides, and the tokens held out.
func needed(c *corpus.Corpus, fraction float64, seed uint64, need int) (limit drawn, held int) {
	type drawnText struct {
		drawn
		tokens int
	}
	var texts []drawnText
	eachText(c, seed, func(d drawn, span corpus.Span) { texts = append(texts, drawnText{d, span.Len}) })
	slices.SortFunc(texts, func(a, b drawnText) int { return a.compare(b.drawn) })
	n := 0 // texts[:n] are held out
	for n < len(texts) && (texts[n].number < fraction || held < need) {
		held += texts[n].tokens
		n++
	}
	for n > 0 && c.Len()-held < need {
		n--
		held -= texts[n].tokens
	}
	if n == len(texts) {
		return drawn{number: 2}, held // above all
	}
	return texts[n].drawn, held
}

// appendSpan appends a span, to the last one if it begins where that ends.
func appendSpan(spans []corpus.Span, s corpus.Span) []corpus.Span {
	if last := len(spans) - 1; last >= 0 && spans[last].Start+spans[last].Len == s.Start {
		spans[last].Len += s.Len
		return spans
	}
	return append(spans, s)
}
