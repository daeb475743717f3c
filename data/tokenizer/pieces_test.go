package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPieces: the methods that follow from the pieces, and numbers that are no token.
func TestPieces(t *testing.T) {
	p := Pieces{"a", "", "größe", "\xff"}
	if p.Vocab() != 4 {
		t.Errorf("vocabulary of %d, want 4", p.Vocab())
	}
	for token, want := range map[int32]int{-1: 0, 0: 1, 1: 0, 2: 7, 3: 1, 4: 0, 1 << 30: 0} {
		if got := p.Bytes(token); got != want {
			t.Errorf("token %d stands for %d bytes, want %d", token, got, want)
		}
	}
	if got := string(p.Decode([]int32{2, -1, 0, 4, 1, 3, 0})); got != "größea\xffa" {
		t.Errorf("decoded %q", got)
	}
}

// TestFindSeparator: of several the first in the order of docs/tokenizers.md, and of none none.
func TestFindSeparator(t *testing.T) {
	special := map[string]int32{"<pad>": 7}
	if token, ok := FindSeparator(special); token != 0 || ok {
		t.Errorf("separator %d, %v of names that are none", token, ok)
	}
	for i, name := range []string{"<bos>", "<eos>", "<s>", "</s>", "<|end_of_text|>", "<|endoftext|>"} {
		special[name] = int32(i)
		if token, ok := FindSeparator(special); int(token) != i || !ok {
			t.Errorf("of %v: separator %d, %v, want %d", special, token, ok, i)
		}
	}
}

// TestCheck: the error of New for a name, without the file of a path.
func TestCheck(t *testing.T) {
	for name, want := range map[string]bool{"byte": true, "no/such/file.json": true, "gpt2": false, "bite": false} {
		err := Check(name)
		if (err == nil) != want {
			t.Errorf("%q: error %v", name, err)
		}
		if _, again := New(name); !want && (again == nil || err == nil || again.Error() != err.Error()) {
			t.Errorf("%q: error %v, that of New is %v", name, err, again)
		}
	}
}

// TestByte: the name and the separator of the tokenizer of bytes are part of every checkpoint and every cache.
func TestByte(t *testing.T) {
	b := Byte{}
	if b.Name() != "byte" || b.Separator() != 0 || b.Vocab() != 256 || b.Bytes(0) != 0 || b.Bytes(1) != 1 || b.Bytes(255) != 1 || b.Bytes(256) != 0 || b.Bytes(-1) != 0 {
		t.Errorf("%s, separator %d, vocabulary of %d", b.Name(), b.Separator(), b.Vocab())
	}
}

// TestLinked: a tokenizer that is linked into the program is known once, and opened.
func TestLinked(t *testing.T) {
	notLinked["byte"] = "goomtrain/data/byte"
	defer delete(notLinked, "byte")
	if got := Known(); !slices.Equal(got, []string{"byte", "gpt2"}) {
		t.Errorf("known %q", got)
	}
	if tok, err := New("byte"); err != nil || tok.Name() != "byte" {
		t.Errorf("%v, error %v", tok, err)
	}
}

// TestLargeFile: a file that is too large for a tokenizer is refused before it is read.
func TestLargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.testing")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 64<<20+1); err != nil {
		t.Fatal(err)
	}
	if _, err := New(path); err == nil || !strings.Contains(err.Error(), "at most 67108864 are read") {
		t.Errorf("error %v", err)
	}
}
