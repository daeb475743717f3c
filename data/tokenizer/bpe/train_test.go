package bpe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"goomtrain/data/corpus"
)

// sample returns testdata/text.txt, and a counter of its words in each line, as Hugging Face's trainer counts them.
func sample(t testing.TB) ([]byte, *Counter) {
	t.Helper()
	text, err := os.ReadFile("testdata/text.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := new(Counter)
	for line := range bytes.Lines(text) {
		c.Add(line)
	}
	return text, c
}

// TestTrain: testdata/tokenizer.json has the merges that the Rust library of Hugging Face (tokenizers 0.22.2) learns from
// testdata/text.txt.
func TestTrain(t *testing.T) {
	_, c := sample(t)
	v, err := Train(c, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(v.Encode(), content(t, nil)) {
		t.Error("other merges")
	}
}

// TestTrainByHand: the most frequent pair is merged first, of several the one of lower tokens, and merges may overlap.
func TestTrainByHand(t *testing.T) {
	c := new(Counter)
	c.Add([]byte(" ba ba ab"))
	v, err := Train(c, 261)
	if err != nil {
		t.Fatal(err)
	}
	// " b" and "ba" are twice in the words; "b", 65, is before " ", 220
	got := ""
	for _, piece := range v.pieces[256:] {
		got += fmt.Sprintf("%q", piece)
	}
	if got != `"ba"" ba""ab"" ab"` {
		t.Errorf("merges %s", got)
	}
	if _, err := Train(c, 262); err == nil || !strings.Contains(err.Error(), "only enough different words for 261 tokens") {
		t.Errorf("error %v", err)
	}
	for _, vocab := range []int{256, MaxVocab + 1} {
		if _, err := Train(c, vocab); err == nil || !strings.Contains(err.Error(), "must have from 257") {
			t.Errorf("%d tokens: error %v", vocab, err)
		}
	}
	v, err = Train(new(Counter), MinVocab)
	if err != nil {
		t.Fatal(err)
	}
	if tok, err := Read("bytes", v.Encode()); err != nil || tok.Vocab() != 257 || tok.Separator() != 256 {
		t.Errorf("only bytes: %v", err)
	}
}

// TestSamePiece: two pairs may give the same token.
func TestSamePiece(t *testing.T) {
	c := new(Counter)
	c.Add([]byte(strings.Repeat("!!!!!!!", 3)))
	c.Add(bytes.Repeat([]byte(" abcd xbc yab bcd"), 3))
	c.Add([]byte("aaaaaaa aaaaa aaa"))
	v, err := Train(c, 273)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read("test", v.Encode()); err != nil {
		t.Error(err)
	}
}

// TestLoad: files are counted as one text, with any number of threads.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	text, _ := sample(t)
	for i, part := range bytes.SplitAfter(bytes.Repeat(text, 40), []byte("\n\n")) {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.txt", i)), fmt.Appendf(nil, "%s%d", part, i), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files, err := corpus.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	for _, threads := range []int{1, 4} {
		before := runtime.GOMAXPROCS(threads)
		defer runtime.GOMAXPROCS(before)
		c := new(Counter)
		_, size, err := c.Load(files, corpus.Options{})
		if err != nil || size < int64(len(text)) {
			t.Fatal(size, err)
		}
		v, err := Train(c, 700)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = v.Encode()
		}
		if !bytes.Equal(first, v.Encode()) {
			t.Errorf("%d threads: another tokenizer", threads)
		}
	}
}
