package huggingface

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "goomtrain/data/gpt2"
	"goomtrain/data/tokenizer"
	"goomtrain/data/tokenizer/bpe"
)

// TestTokenizersDescribed: the tokenizer.json of each tokenizer is recognized as that tokenizer, and so is a
// vocab.json. GPT-2's begins with its well-known merges.
func TestTokenizersDescribed(t *testing.T) {
	for _, name := range builtin {
		text, _, err := describe(name)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		write(t, filepath.Join(dir, tokenizerName), string(text))
		if got, err := recognize(dir); got != name || err != nil {
			t.Errorf("%s: recognized as %q, error %v", name, got, err)
		}
		var file struct{ Model bytePair }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"byte": 0, "gpt2": 50000}[name]
		if len(file.Model.Merges) != want {
			t.Errorf("%s: %d merges, want %d", name, len(file.Model.Merges), want)
		}
		if name == "gpt2" {
			for i, want := range []string{"Ġ t", "Ġ a", "h e", "i n", "r e", "o n", "Ġt he"} {
				if file.Model.Merges[i] != want {
					t.Errorf("merge %d is %v, want %q", i, file.Model.Merges[i], want)
				}
			}
		}
		vocab, err := json.Marshal(file.Model.Vocab)
		if err != nil {
			t.Fatal(err)
		}
		dir = t.TempDir()
		write(t, filepath.Join(dir, vocabName), string(vocab))
		if got, err := recognize(dir); got != name || err != nil {
			t.Errorf("%s: a vocab.json is recognized as %q, error %v", name, got, err)
		}
	}
	text, _, err := describe("gpt2")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() // the separator only among the added tokens, as some files have it
	write(t, filepath.Join(dir, tokenizerName), strings.Replace(string(text), `"\u003c|endoftext|\u003e":50256,`, "", 1))
	if _, found, err := readTokenizer(dir); err != nil || len(found.Vocab) != 50257 {
		t.Error(err)
	}
	if got, err := recognize(dir); got != "gpt2" || err != nil {
		t.Errorf("recognized as %q, error %v", got, err)
	}
	if text, _, err := describe("mine"); text != nil || err != nil {
		t.Errorf("an unknown tokenizer is described as %s, error %v", text, err)
	}
}

// TestMergesEncode: merging by the list gives the tokens of GPT-2.
func TestMergesEncode(t *testing.T) {
	tok, err := tokenizer.New("gpt2")
	if err != nil {
		t.Fatal(err)
	}
	ranks := map[string]int{}
	for i, m := range merges(tok) {
		ranks[m] = i
	}
	vocab := vocabulary(tok)
	for _, word := range []string{" the", " internationalization", "supercalifragilisticexpialidocious", " naïve", "日本語", " 12345", "\n\n\n"} {
		var parts []string
		for _, b := range []byte(word) {
			parts = append(parts, bpe.Letters([]byte{b}))
		}
		for {
			at, lowest := -1, len(ranks)
			for i := range len(parts) - 1 {
				if rank, ok := ranks[parts[i]+" "+parts[i+1]]; ok && rank < lowest {
					at, lowest = i, rank
				}
			}
			if at < 0 {
				break
			}
			parts[at] += parts[at+1]
			parts = slices.Delete(parts, at+1, at+2)
		}
		var got []int32
		for _, part := range parts {
			got = append(got, vocab[part])
		}
		if want := tok.Encode([]byte(word)); !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v", word, got, want)
		}
	}
}

// TestTokenizersRefused: files that are no vocabulary of this project are errors of one line that name the file.
func TestTokenizersRefused(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"has neither tokenizer.json nor vocab.json": {},
		"does not describe a byte-pair encoding":    {tokenizerName: `{"model":{"type":"Unigram","vocab":[["a",0.5]]}}`},
		"it has no model with a vocab":              {tokenizerName: `{"model":null}`},
		"is not a vocabulary":                       {vocabName: `["a"]`},
		"vocab.json is the vocabulary of neither":   {vocabName: `{"a":0}`},
	} {
		dir := t.TempDir()
		for name, text := range files {
			write(t, filepath.Join(dir, name), text)
		}
		if _, err := recognize(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
