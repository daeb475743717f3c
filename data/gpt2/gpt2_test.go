package gpt2_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"goomtrain/data/gpt2"
	"goomtrain/data/tokenizer"
)

func Example() {
	t, err := tokenizer.New("gpt2") // registered by the import
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens := t.Encode([]byte("Hello world!"))
	fmt.Println(tokens, t.Bytes(tokens[1]), t.Separator())
	fmt.Printf("%s\n", t.Decode(tokens))
	// Output:
	// [15496 995 0] 6 50256
	// Hello world!
}

func open(t testing.TB) *gpt2.Tokenizer {
	t.Helper()
	tok, err := gpt2.New()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestKnown holds encodings against those published with GPT-2 and tiktoken.
func TestKnown(t *testing.T) {
	tok := open(t)
	for text, want := range map[string][]int32{
		"":                             {},
		"hello world":                  {31373, 995},
		"hello  world":                 {31373, 220, 995},
		" \n":                          {220, 198},
		"Hello, I'm a language model,": {15496, 11, 314, 1101, 257, 3303, 2746, 11},
		"0":                            {15},
		"<|endoftext|>":                {27, 91, 437, 1659, 5239, 91, 29}, // spelled out, not the separator
	} {
		if got := tok.Encode([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestEveryCharacter: none of Unicode's first plane is lost, alone or among others.
func TestEveryCharacter(t *testing.T) {
	tok := open(t)
	var text []byte
	for r := rune(0); r <= 0xffff; r++ {
		if r < 0xd800 || r > 0xdfff { // surrogates are no characters
			text = append(utf8.AppendRune(append(text, "!a  "...), r), "'s"...)
		}
	}
	if got := tok.Decode(tok.Encode(text)); !bytes.Equal(got, text) {
		t.Errorf("%d bytes came back as %d", len(text), len(got))
	}
}

// TestDelete: DEL is encoded like the other control characters around it, which the reference encoding
// takes for signs; the same texts with the next sign, 0x06, differ in that token only.
func TestDelete(t *testing.T) {
	tok := open(t)
	one, other := tok.Encode([]byte{0x7f})[0], tok.Encode([]byte{0x06})[0]
	for _, text := range []string{"\x7f", "a\x7fb", "  \x7f's", "!\x7f!?", "\n\n\x7f\x7f", "\x01\x7f\x01", "é\x7f\xff\x7f"} {
		got := tok.Encode([]byte(text))
		want := tok.Encode([]byte(strings.ReplaceAll(text, "\x7f", "\x06")))
		for i, token := range want {
			if token == other {
				want[i] = one
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "a b", "\xff\xfe", "caf\u00e9 \xe2\x82", "日本語\n\n\t x", "it's \ufffd <|endoftext|>\x00", strings.Repeat("ab", 300), "\x7f"} {
		f.Add([]byte(s))
	}
	tok := open(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		tokens := tok.Encode(text)
		if got := tok.Decode(tokens); !bytes.Equal(got, text) {
			t.Fatalf("%q came back as %q", text, got)
		}
		total := 0
		for _, token := range tokens {
			if token < 0 || token >= tok.Separator() {
				t.Fatalf("%q gave token %d", text, token)
			}
			total += tok.Bytes(token)
		}
		if total != len(text) {
			t.Fatalf("tokens of %q stand for %d bytes", text, total)
		}
	})
}

// TestNewLetters: letters newer than the Unicode tables of Go count as signs, as the package comment says. With newer
// tables the tokens are those of tiktoken, which come second here.
func TestNewLetters(t *testing.T) {
	tok := open(t)
	for _, c := range []struct {
		text      string
		now, then []int32
	}{
		{"\u1c89're", []int32{157, 110, 231, 6, 260}, []int32{157, 110, 231, 821}},
		{"\ua7cb's tale", []int32{166, 253, 233, 6, 82, 12838}, []int32{166, 253, 233, 338, 12838}},
		{"\U0002ebf0's", []int32{172, 106, 107, 108, 6, 82}, []int32{172, 106, 107, 108, 338}},
	} {
		want := c.now
		if letter, _ := utf8.DecodeRuneInString(c.text); unicode.IsLetter(letter) {
			want = c.then
		}
		if got := tok.Encode([]byte(c.text)); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", c.text, got, want)
		}
	}
}

// TestForeignNumbers: the separator and numbers that are no token stand for no text.
func TestForeignNumbers(t *testing.T) {
	tok := open(t)
	if tok.Vocab() != 50257 || tok.Separator() != 50256 {
		t.Errorf("vocabulary of %d, separator %d, want 50257 and 50256", tok.Vocab(), tok.Separator())
	}
	for _, token := range []int32{-1, tok.Separator(), int32(tok.Vocab()), 1 << 30} {
		if n, text := tok.Bytes(token), tok.Decode([]int32{token}); n != 0 || len(text) != 0 {
			t.Errorf("token %d: %d bytes, %q", token, n, text)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("..", "corpus", "scan.go"))
	if err != nil {
		b.Fatal(err)
	}
	tok := open(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Encode(text)
	}
}
