package bpe

import (
	"unicode"
	"unicode/utf8"
)

// A pattern cuts text into words, within which tokens are merged. Both kinds are of the form
//
//	contraction | letters | digits | signs | white space
//
// and differ in what a word may begin and end with.
type pattern struct {
	caseless bool // contractions in any case, as in 'S
	modern   bool // any sign or blank may precede letters, and line ends may follow signs
	digits   int  // most digits of a word; 0: any number
}

var gpt2Pattern = pattern{}

// patterns are the regular expressions of the well-known models. They are matched by next, which is faster than a
// general matcher, and takes linear time on any text.
var patterns = map[string]pattern{
	`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`:                                          gpt2Pattern,
	`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`:                                             gpt2Pattern,
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: {true, true, 3}, // Llama 3
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:      {true, true, 1}, // Qwen 2
	`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`:       {true, true, 3}, // cl100k
}

type class uint8

const (
	sign class = iota
	letter
	digit
	blank // white space other than line ends
	line  // \r and \n
)

var ascii = func() (table [utf8.RuneSelf]class) {
	for r := range table {
		table[r] = classify(rune(r))
	}
	return table
}()

func classify(r rune) class {
	switch {
	case r == '\r' || r == '\n':
		return line
	case unicode.IsSpace(r):
		return blank
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return digit
	}
	return sign
}

// first returns the class and the size of the first character; sign and 0 of no text.
func first(text []byte) (class, int) {
	if len(text) == 0 {
		return sign, 0
	}
	if c := text[0]; c < utf8.RuneSelf {
		return ascii[c], 1
	}
	r, size := utf8.DecodeRune(text)
	return classify(r), size
}

// run returns the end of the characters of a class that begin at an index, of at most that many if limit > 0.
func run(text []byte, at int, of class, limit int) int {
	for n := 0; at < len(text) && (limit == 0 || n < limit); n++ {
		c, size := first(text[at:])
		if c != of {
			break
		}
		at += size
	}
	return at
}

// next returns the length of the first word of a text, which is valid UTF-8 and not empty.
func (p pattern) next(text []byte) int {
	if n := p.contraction(text); n > 0 {
		return n
	}
	c, size := first(text)
	start := 0 // of the run that the word is of
	if second, more := first(text[size:]); more > 0 {
		switch {
		case p.modern && second == letter && (c == sign || c == blank):
			return run(text, size, letter, 0)
		case text[0] == ' ' && (second == sign || !p.modern && second != blank && second != line):
			c, start = second, size
		}
	}
	switch c {
	case letter:
		return run(text, start, letter, 0)
	case digit:
		return run(text, start, digit, p.digits)
	case sign:
		end := run(text, start, sign, 0)
		if p.modern {
			end = run(text, end, line, 0)
		}
		return end
	}
	return p.space(text)
}

// space returns the length of the white space that text begins with, without its last character if that belongs to the
// word behind it. In a modern pattern the last line end is the end, if there is one.
func (p pattern) space(text []byte) int {
	end, last, lineEnd := 0, 0, 0
	for end < len(text) {
		c, size := first(text[end:])
		if c != blank && c != line {
			break
		}
		last, end = end, end+size
		if c == line {
			lineEnd = end
		}
	}
	switch {
	case p.modern && lineEnd > 0:
		return lineEnd
	case end < len(text) && last > 0:
		return last
	}
	return end
}

// contraction returns the length of a contraction, such as 're, that text begins with; 0: there is none.
func (p pattern) contraction(text []byte) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	lower := func(c byte) byte {
		if p.caseless && 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		return c
	}
	switch a := lower(text[1]); {
	case a == 's' || a == 't' || a == 'm' || a == 'd':
		return 2
	case p.caseless && len(text) > 2 && text[1] == 0xc5 && text[2] == 0xbf: // U+017F, a lower case of S
		return 3
	case len(text) > 2:
		b := lower(text[2])
		if a == 'r' && b == 'e' || a == 'v' && b == 'e' || a == 'l' && b == 'l' {
			return 3
		}
	}
	return 0
}
