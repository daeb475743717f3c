package data

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"

	"goomtrain/data/labeled"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/rng"
)

// A collection is labeled texts as tokens.
type collection struct {
	tok    tokenizer.Tokenizer
	limit  int // tokens of a text, the separator included
	fields labeled.Fields

	names   []string       // of the classes, in order
	class   map[string]int // the index of a name
	tokens  []int32        // of all texts, each after a separator
	texts   []labeledText
	longest int // tokens of the longest text

	shortened int      // texts that were longer than limit
	skipped   []string // files that are not UTF-8
	contents  hash.Hash
}

// A labeledText is a part of the tokens of a collection.
type labeledText struct {
	start, len int32
	class      int32
	id         uint64 // hash of label and text
}

func newCollection(tok tokenizer.Tokenizer, limit int, fields labeled.Fields) *collection {
	return &collection{tok: tok, limit: limit, fields: fields, class: map[string]int{}, contents: sha256.New()}
}

// read reads the texts and returns those to train and to validate on.
func (c *collection) read(path, test string, fraction float64, seed uint64) (train, valid []int32, err error) {
	skip := func(file string) { c.skipped = append(c.skipped, file) }
	if err := labeled.Read(path, c.fields, c.add, skip); err != nil {
		return nil, nil, err
	}
	switch {
	case len(c.names) == 0:
		return nil, nil, fmt.Errorf("%s has no texts", path)
	case len(c.names) == 1:
		return nil, nil, fmt.Errorf("%s has one class, %s: at least two are needed", path, printable.Short(c.names[0], 40))
	}
	c.sort()
	if test == "" {
		train, valid = c.split(fraction, seed)
		if len(valid) == 0 {
			return nil, nil, fmt.Errorf("%s has one text of each class: at least two of a class are needed, one of them to validate on", path)
		}
		return train, valid, nil
	}
	for i := range c.texts {
		train = append(train, int32(i))
	}
	err = labeled.Read(test, c.fields, func(t labeled.Text) error {
		if _, ok := c.class[t.Label]; !ok {
			return fmt.Errorf("the label %s is not among those of the training data %s", printable.Short(t.Label, 40), path)
		}
		return c.add(t)
	}, skip)
	if err != nil {
		return nil, nil, fmt.Errorf("-test-data: %w", err)
	}
	for i := len(train); i < len(c.texts); i++ {
		valid = append(valid, int32(i))
	}
	if len(valid) == 0 {
		return nil, nil, fmt.Errorf("-test-data: %s has no texts", test)
	}
	return train, valid, nil
}

// add adds one text.
func (c *collection) add(t labeled.Text) error {
	class, ok := c.class[t.Label]
	if !ok {
		if class = len(c.names); class == mostClasses {
			return fmt.Errorf("there are more than %d different labels: is it the field of the label?", mostClasses)
		}
		c.class[t.Label] = class
		c.names = append(c.names, t.Label)
	}
	start := len(c.tokens)
	c.tokens = append(append(c.tokens, c.tok.Separator()), c.encode(t.Body)...)
	n := len(c.tokens) - start
	if len(c.tokens) > 1<<31-1 {
		return fmt.Errorf("the texts have more than 2^31 tokens together: give a smaller -seq")
	}
	c.longest = max(c.longest, n)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %x", t.Label, sha256.Sum256(t.Body)))
	c.contents.Write(sum[:])
	id := rng.NewKey(0, string(sum[:]))
	c.texts = append(c.texts, labeledText{int32(start), int32(n), int32(class), uint64(id)})
	return nil
}

// encode returns the tokens of a text, one less than the limit at most. Most tokens are much shorter than 16 bytes,
// so that rarely more than the needed part of a long text is encoded.
func (c *collection) encode(text []byte) []int32 {
	for bytes := 16 * c.limit; ; bytes *= 4 {
		part := text[:min(bytes, len(text))]
		tokens := c.tok.Encode(part)
		if len(tokens) >= c.limit {
			c.shortened++
			return tokens[:c.limit-1]
		}
		if len(part) == len(text) {
			return tokens
		}
	}
}

// sort orders the classes: by number if all labels are whole numbers, otherwise as text.
func (c *collection) sort() {
	number := func(name string) int { n, _ := strconv.Atoi(name); return n }
	numbers := !slices.ContainsFunc(c.names, func(name string) bool { _, err := strconv.Atoi(name); return err != nil })
	sorted := slices.Clone(c.names)
	slices.SortFunc(sorted, func(a, b string) int {
		if numbers {
			return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
	for i, name := range sorted {
		c.class[name] = i
	}
	for i := range c.texts {
		c.texts[i].class = int32(c.class[c.names[c.texts[i].class]])
	}
	c.names = sorted
}

// split holds out a fraction of each class: at least one text, but never its last one. A text is held out by a random
// number drawn from the seed and its content, so that it stays on its side when others come or go, and texts that are
// equal are on one side unless all of the class are.
func (c *collection) split(fraction float64, seed uint64) (train, valid []int32) {
	type drawn struct {
		text   int32
		number float64
	}
	byClass := make([][]drawn, len(c.names))
	for i, t := range c.texts {
		number := rng.New(seed, fmt.Sprintf("data/split/%x", t.id)).Float64()
		byClass[t.class] = append(byClass[t.class], drawn{int32(i), number})
	}
	for _, texts := range byClass {
		slices.SortFunc(texts, func(a, b drawn) int {
			return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.text, b.text))
		})
		held, last := 0, len(texts)-1
		for held < last && (held == 0 || texts[held].number != texts[last].number && (texts[held].number < fraction || texts[held].number == texts[0].number)) {
			held++
		}
		for i, t := range texts {
			if i < held {
				valid = append(valid, t.text)
			} else {
				train = append(train, t.text)
			}
		}
	}
	slices.Sort(train)
	slices.Sort(valid)
	return train, valid
}

// fill writes one text: its tokens, and its class as the target of the last of them.
func (c *collection) fill(text int, inputs, targets []int32, first int32) {
	t := c.texts[text]
	n := copy(inputs, c.tokens[t.start:t.start+t.len])
	clear(inputs[n:])
	for i := range targets {
		targets[i] = -1
	}
	targets[n-1] = first + t.class
}

// sum is the hash of all texts and labels read, in their order.
func (c *collection) sum() string { return hex.EncodeToString(c.contents.Sum(nil)) }

// notes are the notes for the user.
func (c *collection) notes() (notes []string) {
	if n := len(c.skipped); n > 0 {
		notes = append(notes, fmt.Sprintf("left out %s that are not UTF-8 text, the first: %s", printable.Count(n, "file"), printable.Line(c.skipped[0])))
	}
	if c.shortened > 0 {
		notes = append(notes, fmt.Sprintf("%s of more than %d tokens are cut (-seq)", printable.Count(c.shortened, "text"), c.limit))
	}
	return notes
}
