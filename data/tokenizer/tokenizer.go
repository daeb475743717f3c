package tokenizer

import "unicode/utf8"

// A Tokenizer converts text to token numbers and back. Its methods may be called by several goroutines at once.
//
// A corpus is encoded in pieces, which begin with white space that follows other text. A tokenizer with tokens
// that extend over such a place, from text into the white space after it, gives other tokens for the pieces
// than for the whole.
type Tokenizer interface {
	// Name is the registered name. It also identifies the version of the vocabulary: a tokenizer that starts to
	// give other tokens needs another name, because the name is part of the key of the token cache.
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
