package bpe

import (
	"encoding/json"
	"fmt"
	"strings"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
)

func init() {
	tokenizer.RegisterFormat(".json", func(name string, content []byte) (tokenizer.Tokenizer, error) { return Read(name, content) })
}

// file is what is read of a tokenizer.json. Its post_processor adds special tokens around a text, which a separator
// replaces here.
type file struct {
	Normalizer   *step        `json:"normalizer"`
	PreTokenizer *step        `json:"pre_tokenizer"`
	Model        model        `json:"model"`
	AddedTokens  []addedToken `json:"added_tokens"`
	Decoder      *step        `json:"decoder"`
}

type model struct {
	Type         string           `json:"type"`
	Dropout      float64          `json:"dropout"`
	Prefix       string           `json:"continuing_subword_prefix"`
	Suffix       string           `json:"end_of_word_suffix"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
	Vocab        map[string]int32 `json:"vocab"`
	Merges       []mergeText      `json:"merges"`
}

type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	Left       bool   `json:"lstrip"`
	Right      bool   `json:"rstrip"`
	Special    bool   `json:"special"`
}

// step is a normalizer, pre_tokenizer or decoder.
type step struct {
	Type           string `json:"type"`
	Normalizers    []step `json:"normalizers"`
	PreTokenizers  []step `json:"pretokenizers"`
	AddPrefixSpace *bool  `json:"add_prefix_space"` // nil: true
	UseRegex       *bool  `json:"use_regex"`        // nil: true
	Pattern        struct{ Regex, String string }
	Behavior       string `json:"behavior"`
	Invert         bool   `json:"invert"`
}

// mergeText is a merge in either form, "a b" or ["a", "b"].
type mergeText struct{ a, b string }

func (m *mergeText) UnmarshalJSON(text []byte) error {
	var both string
	if json.Unmarshal(text, &both) == nil {
		var ok bool
		if m.a, m.b, ok = strings.Cut(both, " "); ok && m.a != "" && m.b != "" && !strings.Contains(m.b, " ") {
			return nil
		}
	}
	var list []string
	if json.Unmarshal(text, &list) == nil && len(list) == 2 {
		m.a, m.b = list[0], list[1]
		return nil
	}
	return fmt.Errorf("the merge %s is not two tokens", printable.Short(string(text), 60))
}

// Read reads a tokenizer from the content of a Hugging Face tokenizer.json. It may be of a byte-level BPE with the
// pattern of GPT-2, cl100k, Llama 3 or Qwen 2. The error names what else the file asks for. The name is that of the
// tokenizer.
func Read(name string, content []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(content, &f); err != nil {
		return nil, fmt.Errorf("it is not a Hugging Face tokenizer.json: %w", err)
	}
	t := &Tokenizer{name: name, merges: make(map[pair]merge, len(f.Model.Merges))}
	var err error
	if err = f.Model.check(); err != nil {
		return nil, err
	}
	if d := f.Decoder; d != nil && d.Type != "ByteLevel" {
		return nil, fmt.Errorf("its decoder is %s: only ByteLevel is read", printable.Short(d.Type, 40))
	}
	if t.nfc, err = f.Normalizer.nfc(); err != nil {
		return nil, err
	}
	if t.pattern, err = f.PreTokenizer.pattern(); err != nil {
		return nil, err
	}
	if err := t.setPieces(&f); err != nil {
		return nil, err
	}
	if err := t.setMerges(&f.Model, f.AddedTokens); err != nil {
		return nil, err
	}
	t.setSeparator(f.AddedTokens)
	return t, nil
}

func quoted(text string) string { return `"` + printable.Short(text, 60) + `"` }
