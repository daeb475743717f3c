package huggingface

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"goomtrain/data/tokenizer"
	"goomtrain/data/tokenizer/bpe"
	"goomtrain/internal/regular"
)

const (
	tokenizerName = "tokenizer.json"
	vocabName     = "vocab.json"
	maxTokenizer  = 64 << 20 // bytes: several times the largest in use
)

// builtin are the tokenizers of this project that a tokenizer.json can describe.
var builtin = []string{"byte", "gpt2"}

// A bytePair is a byte-level BPE tokenizer as tokenizer.json describes it.
type bytePair struct {
	Vocab  map[string]int32 `json:"vocab"`
	Merges []any            `json:"merges"` // "a b" or ["a", "b"]
}

// recognize returns the name of the tokenizer of this program whose tokens are those of the folder's tokenizer.json or, if it
// has none, of its vocab.json. Of other tokens it returns the path of tokenizer.json.
func recognize(folder string) (string, error) {
	path, found, err := readTokenizer(folder)
	if err != nil {
		return "", err
	}
	const give = "give -tokenizer with the name of one that this program has, or the path of a file"
	if found == nil {
		return "", fmt.Errorf("%s has neither %s nor %s: %s", folder, tokenizerName, vocabName, give)
	}
	for _, name := range builtin {
		tok, err := tokenizer.New(name)
		if err != nil {
			return "", err
		}
		if maps.Equal(found.Vocab, vocabulary(tok)) {
			return name, nil
		}
	}
	if filepath.Base(path) != tokenizerName {
		return "", fmt.Errorf("%s is the vocabulary of neither bytes nor GPT-2, and there is no %s: %s", path, tokenizerName, give)
	}
	return path, nil
}

// readTokenizer returns the vocabulary of a folder and the file that has it; nil if there is none.
func readTokenizer(folder string) (path string, found *bytePair, err error) {
	path = filepath.Join(folder, tokenizerName)
	text, err := regular.ReadFile(path, maxTokenizer)
	if err == nil {
		var file struct {
			Model *bytePair `json:"model"`
			Added []struct {
				ID      int32  `json:"id"`
				Content string `json:"content"`
			} `json:"added_tokens"`
		}
		if err := json.Unmarshal(text, &file); err != nil || file.Model == nil || file.Model.Vocab == nil {
			return path, nil, fmt.Errorf("%s does not describe a byte-pair encoding: it has no model with a vocab", path)
		}
		for _, token := range file.Added { // usually they are in the vocabulary too
			file.Model.Vocab[token.Content] = token.ID
		}
		return path, file.Model, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return path, nil, err
	}
	path = filepath.Join(folder, vocabName)
	text, err = regular.ReadFile(path, maxTokenizer)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, nil
	} else if err != nil {
		return path, nil, err
	}
	found = new(bytePair)
	if err := json.Unmarshal(text, &found.Vocab); err != nil {
		return path, nil, fmt.Errorf("%s is not a vocabulary: %w", path, err)
	}
	return path, found, nil
}

// endOfText is GPT-2's token between documents.
const endOfText = "<|endoftext|>"

// vocabulary returns the tokens of a tokenizer by their texts in byte-level characters. The separator of GPT-2 stands
// for no text and has its name.
func vocabulary(tok tokenizer.Tokenizer) map[string]int32 {
	vocab := make(map[string]int32, tok.Vocab())
	for token := range int32(tok.Vocab()) {
		text := tok.Decode([]int32{token})
		if len(text) == 0 {
			vocab[endOfText] = token
			continue
		}
		vocab[bpe.Letters(text)] = token
	}
	return vocab
}

// describe returns a tokenizer of this project and its tokenizer.json, nil if the name is none of builtin.
func describe(name string) (text []byte, tok tokenizer.Tokenizer, err error) {
	if !slices.Contains(builtin, name) {
		return nil, nil, nil
	}
	if tok, err = tokenizer.New(name); err != nil {
		return nil, nil, err
	}
	level := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	vocab, added := vocabulary(tok), []any{}
	if id, ok := vocab[endOfText]; ok {
		added = append(added, map[string]any{"id": id, "content": endOfText, "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": true})
	}
	text, err = json.Marshal(map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added, "normalizer": nil,
		"pre_tokenizer": level, "post_processor": level, "decoder": level,
		"model": map[string]any{"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "",
			"fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": merges(tok)},
	})
	return text, tok, err
}

// merges lists the pairs of tokens that a byte-pair encoding merges, in the order of the tokens that they become. A
// token is what its bytes are before the last merge: two tokens of lower numbers.
func merges(tok tokenizer.Tokenizer) []string {
	ranks := make(map[string]int32, tok.Vocab())
	pieces := make([]string, tok.Vocab())
	for token := range int32(tok.Vocab()) {
		pieces[token] = string(tok.Decode([]int32{token}))
		ranks[pieces[token]] = token
	}
	out := []string{}
	for token, piece := range pieces {
		if len(piece) < 2 {
			continue
		}
		left := len(piece)
		parts := make([]string, 0, left)
		for i := range left {
			parts = append(parts, piece[i:i+1])
		}
		for len(parts) > 2 {
			at, lowest := -1, int32(token)
			for i := range len(parts) - 1 {
				if rank, ok := ranks[parts[i]+parts[i+1]]; ok && rank < lowest {
					at, lowest = i, rank
				}
			}
			if at < 0 {
				panic(fmt.Sprintf("huggingface: token %d, %q, of %s is not made of two others", token, piece, tok.Name()))
			}
			parts[at] += parts[at+1]
			parts = append(parts[:at+1], parts[at+2:]...)
		}
		out = append(out, bpe.Letters([]byte(parts[0]))+" "+bpe.Letters([]byte(parts[1])))
	}
	return out
}
