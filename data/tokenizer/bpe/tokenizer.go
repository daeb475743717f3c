package bpe

import (
	"cmp"
	"slices"
	"sync"

	"golang.org/x/text/unicode/norm"

	"goomtrain/data/tokenizer"
)

// A Tokenizer encodes text by the merges of a file. Read and Train make one. See tokenizer.Tokenizer for its methods.
type Tokenizer struct {
	tokenizer.Pieces // "" for special tokens too

	name      string
	separator int32
	single    [256]int32       // the token of each byte
	merges    map[pair]merge   // none makes a special token
	whole     map[string]int32 // words that are tokens, whatever the merges say; nil: none
	added     [256][]added     // tokens that are looked for in text, by their first byte, the longest first
	hasAdded  bool
	nfc       bool // text is normalized
	pattern   pattern
	coders    sync.Pool // of *coder
}

// An added token is found in text before it is cut into words.
type added struct {
	text  string
	token int32
}

// Name returns the name that the tokenizer was read under.
func (t *Tokenizer) Name() string { return t.name }

// Separator returns the token for the end of a text, or a number behind the vocabulary of the file.
func (t *Tokenizer) Separator() int32 { return t.separator }

// Encode returns the tokens of a text. Bytes that are not UTF-8 become the tokens of single bytes. Text that spells a
// special token is encoded like any other.
func (t *Tokenizer) Encode(text []byte) []int32 {
	c, ok := t.coders.Get().(*coder)
	if !ok {
		c = &coder{known: map[string]span{}}
	}
	defer t.coders.Put(c)
	tokens := make([]int32, 0, len(text)/3+1)
	for len(text) > 0 {
		n := tokenizer.ValidPrefix(text)
		if n == 0 {
			tokens, text = append(tokens, t.single[text[0]]), text[1:]
			continue
		}
		tokens = t.appendValid(tokens, text[:n], c)
		text = text[n:]
	}
	return tokens
}

// appendValid appends the tokens of valid UTF-8.
func (t *Tokenizer) appendValid(tokens []int32, text []byte, c *coder) []int32 {
	start := 0
	for i := 0; t.hasAdded && i < len(text); {
		a, ok := t.addedAt(text[i:])
		if !ok {
			i++
			continue
		}
		tokens = append(t.appendWords(tokens, text[start:i], c), a.token)
		i += len(a.text)
		start = i
	}
	return t.appendWords(tokens, text[start:], c)
}

// addedAt returns the longest added token that text begins with.
func (t *Tokenizer) addedAt(text []byte) (added, bool) {
	for _, a := range t.added[text[0]] {
		if len(a.text) <= len(text) && string(text[:len(a.text)]) == a.text {
			return a, true
		}
	}
	return added{}, false
}

// setAdded sets the tokens that are looked for in text.
func (t *Tokenizer) setAdded(list []added) {
	slices.SortFunc(list, func(a, b added) int { return cmp.Or(len(b.text)-len(a.text), cmp.Compare(a.text, b.text)) })
	for _, a := range list {
		t.added[a.text[0]] = append(t.added[a.text[0]], a)
		t.hasAdded = true
	}
}

// appendWords appends the tokens of text without added tokens.
func (t *Tokenizer) appendWords(tokens []int32, text []byte, c *coder) []int32 {
	if t.nfc && !norm.NFC.IsNormal(text) {
		text = norm.NFC.Bytes(text)
	}
	for len(text) > 0 {
		n := t.pattern.next(text)
		tokens = c.append(tokens, text[:n], t)
		text = text[n:]
	}
	return tokens
}

const (
	knownWords = 1 << 16 // that a coder remembers, before it forgets them all
	knownSize  = 64      // bytes of the longest of them
)

// A coder encodes words and remembers their tokens. One goroutine uses it at a time.
type coder struct {
	known  map[string]span
	tokens []int32 // of the known words
	merger merger
}

// A span is where the tokens of a word are.
type span struct{ start, end int32 }

func (c *coder) append(tokens []int32, word []byte, t *Tokenizer) []int32 {
	if len(word) == 1 {
		return append(tokens, t.single[word[0]])
	}
	if s, ok := c.known[string(word)]; ok {
		return append(tokens, c.tokens[s.start:s.end]...)
	}
	before := len(tokens)
	if token, ok := t.whole[string(word)]; ok {
		tokens = append(tokens, token)
	} else if len(word) <= shortWord {
		tokens = c.merger.appendShort(tokens, word, t)
	} else {
		tokens = c.merger.append(tokens, word, t)
	}
	if len(word) > knownSize {
		return tokens
	}
	if len(c.known) == knownWords {
		clear(c.known)
		c.tokens = c.tokens[:0]
	}
	start := int32(len(c.tokens))
	c.tokens = append(c.tokens, tokens[before:]...)
	c.known[string(word)] = span{start, int32(len(c.tokens))}
	return tokens
}
