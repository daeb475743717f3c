package tokenizer

import "unicode/utf8"

// A Tokenizer turns text into token numbers and back. Its methods may be called by several goroutines at
// once.
//
// A corpus is encoded in pieces, cut before a white space that follows something else; a tokenizer whose
// tokens reach across such a place, from text into the white space behind it, gives other tokens for the
// whole than for the pieces.
type Tokenizer interface {
	// Name is the name under which New finds it. It also stands for the version of the vocabulary: a
	// tokenizer that gives other tokens than before needs another name, as the cache of tokens goes by it.
	Name() string
	// Vocab is the number of different tokens.
	Vocab() int
	// Encode returns the tokens of a text. It never returns the separator.
	Encode(text []byte) []int32
	// Decode is the inverse of Encode. Numbers outside [0, Vocab) stand for nothing.
	Decode(tokens []int32) []byte
	// Bytes is the number of bytes of text that a token stands for: 0 for the separator.
	Bytes(token int32) int
	// Separator is the token before every document.
	Separator() int32
}

// ValidPrefix is the length of the longest prefix of text that is valid UTF-8.
func ValidPrefix(text []byte) int {
	if utf8.Valid(text) {
		return len(text)
	}
	n := 0
	for {
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n += size
	}
}
