package bpe

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"goomtrain/data/corpus"
	"goomtrain/data/gpt2"
)

// asFile returns the tokenizer of package gpt2 as it is read from a tokenizer.json, in which each token is a merge of the
// two tokens that the merges before it leave of its bytes.
var asFile = sync.OnceValues(func() (*Tokenizer, error) {
	known, err := gpt2.New()
	if err != nil {
		return nil, err
	}
	v, so := &Vocabulary{}, &Tokenizer{merges: map[pair]merge{}}
	var m merger
	for id := range int32(50256) {
		piece := known.Decode([]int32{id})
		v.pieces = append(v.pieces, piece)
		if len(piece) == 1 {
			so.single[piece[0]] = id
			continue
		}
		parts := m.append(nil, piece, so)
		p := pairOf(parts[0], parts[1])
		v.merges, so.merges[p] = append(v.merges, p), merge{id, id}
	}
	return Read("gpt2 as a file", v.Encode())
})

// TestGPT2 compares with package gpt2, which has another implementation, on a megabyte of text.
func TestGPT2(t *testing.T) {
	tok, err := asFile()
	if err != nil {
		t.Fatal(err)
	}
	known, err := gpt2.New()
	if err != nil {
		t.Fatal(err)
	}
	if tok.Vocab() != known.Vocab() || tok.Separator() != known.Separator() {
		t.Errorf("separator %d of %d tokens", tok.Separator(), tok.Vocab())
	}
	sources, err := corpus.GoSources()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := filepath.Glob("../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	files := append(docs, "testdata/text.txt", "testdata/vectors.jsonl")
	for i := 0; i < len(sources); i += 40 {
		files = append(files, sources[i].Path)
	}
	size := 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		size += len(text)
		if !slices.Equal(tok.Encode(text), known.Encode(text)) {
			t.Errorf("%s: other tokens", path)
		}
	}
	if size < 1<<20 {
		t.Errorf("%d bytes of text", size)
	}
}

// BenchmarkEncodeGPT2 encodes with the vocabulary of GPT-2 what is not yet known from earlier calls: each text once.
func BenchmarkEncodeGPT2(b *testing.B) {
	tok, err := asFile()
	if err != nil {
		b.Fatal(err)
	}
	sources, err := corpus.GoSources()
	if err != nil {
		b.Fatal(err)
	}
	var texts [][]byte
	size := 0
	for _, f := range sources {
		text, err := os.ReadFile(f.Path)
		if err != nil {
			b.Fatal(err)
		}
		texts, size = append(texts, text), size+len(text)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, text := range texts {
			tok.Encode(text)
		}
	}
}
