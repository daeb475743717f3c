package bpe

import (
	"fmt"
	"testing"
)

// TestWords compares with the words that the regular expressions match.
func TestWords(t *testing.T) {
	llama3, qwen2 := patterns[regex("(?i:'s", "{1,3}")], patterns[regex("(?i:'s", `|\p{N}| ?`)]
	for _, c := range []struct {
		text string
		p    pattern
		want string
	}{
		{"a\n  b", gpt2Pattern, `["a" "\n " " b"]`},
		{"a\n  b", llama3, `["a" "\n" " " " b"]`},
		{" \n \n x", llama3, `[" \n \n" " x"]`},
		{"!\n\n x\n", llama3, `["!\n\n" " x" "\n"]`},
		{"!\n\n x\n", gpt2Pattern, `["!" "\n\n" " x" "\n"]`},
		{"\t\tif", llama3, `["\t" "\tif"]`},
		{"\t\tif", gpt2Pattern, `["\t" "\t" "if"]`},
		{"   9", llama3, `["  " " " "9"]`},
		{"   9", gpt2Pattern, `["  " " 9"]`},
		{"12345", gpt2Pattern, `["12345"]`},
		{"12345", llama3, `["123" "45"]`},
		{"12345", qwen2, `["1" "2" "3" "4" "5"]`},
		{"(a)'LLx'llx", llama3, `["(a" ")'" "LLx" "'ll" "x"]`},
		{"I'LL I'll", llama3, `["I" "'LL" " I" "'ll"]`},
		{"I'LL I'll", gpt2Pattern, `["I" "'" "LL" " I" "'ll"]`},
		{"end  ", llama3, `["end" "  "]`},
	} {
		var words []string
		for text := []byte(c.text); len(text) > 0; {
			n := c.p.next(text)
			words, text = append(words, string(text[:n])), text[n:]
		}
		if got := fmt.Sprintf("%q", words); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
}
