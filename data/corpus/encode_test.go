package corpus

import (
	"strings"
	"testing"
)

// TestCutBefore: the last place before an ASCII white space that follows other ASCII; where a megabyte has none, the
// last boundary between characters.
func TestCutBefore(t *testing.T) {
	long := strings.Repeat("x", maxPieceSize-3)
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"a space", "ab cd", 2},
		{"the last of several", "ab cd ef", 5},
		{"a line break", "ab\ncd", 2},
		{"other white space", "ab\tcd", 2},
		{"a carriage return", "ab\rcd", 2},
		{"a control character is no white space", "ab\x08cd", 0},
		{"nor is what follows the carriage return", "ab\x0ecd", 0},
		{"white space after white space", "ab  cd", 2},
		{"white space alone", "  \n ", 0},
		{"the first byte", " ab", 0},
		{"the last byte", "ab ", 2},
		{"nothing", "", 0},
		{"one byte", "a", 0},
		{"after a letter that is not ASCII", "ab cdé fg", 2},
		{"after a space that is not ASCII, with which it may be one token", "ab cd\u3000 fg", 2},
		{"nothing but letters that are not ASCII", "éé éé éé", 0},
		{"before a letter that is not ASCII", "ab é", 2},
		{"a megabyte of one word", long + "xxx", maxPieceSize - 1},
		{"a byte less", long + "xx", 0},
		{"a megabyte with two bytes of a character at its end", long + "xé", maxPieceSize - 2},
		{"with three", long + "語", maxPieceSize - 3},
		{"with the first of three", long + "xx\xe8", maxPieceSize - 1},
		{"with the first two of three", long + "x\xe8\xaa", maxPieceSize - 2},
		{"with four", long[1:] + "😀", maxPieceSize - 4},
		{"with bytes that begin no character", long[2:] + "\x80\x80\x80\x80\x80", maxPieceSize - 4},
	} {
		if got := cutBefore([]byte(c.text)); got != c.want {
			t.Errorf("%s: %d of %d bytes, want %d", c.name, got, len(c.text), c.want)
		}
	}
}

// TestTokenWidth: a token takes as few bytes as its vocabulary allows, and comes back from them.
func TestTokenWidth(t *testing.T) {
	for _, c := range []struct{ vocab, want int }{{2, 1}, {256, 1}, {257, 2}, {50257, 2}, {1 << 16, 2}, {1<<16 + 1, 4}, {1 << 30, 4}} {
		width := tokenWidth(c.vocab)
		if width != c.want {
			t.Errorf("vocabulary of %d: %d bytes a token, want %d", c.vocab, width, c.want)
		}
		row := tokens{width: width}
		for _, token := range []int32{0, 1, int32(c.vocab - 1)} {
			row.data = appendToken(row.data, token, width)
		}
		got := make([]int32, 2)
		if row.copy(got, 1); row.len() != 3 || got[0] != 1 || got[1] != int32(c.vocab-1) {
			t.Errorf("vocabulary of %d: %d tokens, the last %v", c.vocab, row.len(), got)
		}
	}
}
