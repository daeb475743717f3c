package bpe

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// check refuses models of other kinds.
func (m *model) check() error {
	switch {
	case m.Type == "" && len(m.Vocab) == 0:
		return errors.New("it has no model: it is not a Hugging Face tokenizer.json")
	case m.Type != "BPE" && !(m.Type == "" && len(m.Merges) > 0): // early files leave out the type
		return fmt.Errorf("its model is %s: only BPE of bytes is read", printable.Short(m.Type, 40))
	case m.ByteFallback:
		return errors.New("its model is BPE of characters with byte_fallback: only BPE of bytes is read, or the SentencePiece .model that the file was made from")
	case m.Dropout != 0:
		return errors.New("its model has dropout, which gives other tokens each time: set it to null")
	case m.Prefix != "" || m.Suffix != "":
		return errors.New("its model has a continuing_subword_prefix or end_of_word_suffix: only BPE of bytes is read")
	}
	return nil
}

// nfc reports whether the normalizer is NFC. A missing one changes nothing.
func (s *step) nfc() (bool, error) {
	switch {
	case s == nil:
		return false, nil
	case s.Type == "NFC":
		return true, nil
	case s.Type == "Sequence" && len(s.Normalizers) == 0:
		return false, nil
	case s.Type == "Sequence" && len(s.Normalizers) == 1:
		return s.Normalizers[0].nfc()
	}
	return false, fmt.Errorf("its normalizer is %s: only NFC or none is read", printable.Short(s.Type, 40))
}

// pattern returns how text is cut into words.
func (s *step) pattern() (pattern, error) {
	const known = "only ByteLevel is read, alone or after a Split by the pattern of GPT-2, cl100k, Llama 3 or Qwen 2"
	if s == nil {
		return pattern{}, fmt.Errorf("it has no pre_tokenizer: %s", known)
	}
	steps := []step{*s}
	if s.Type == "Sequence" {
		steps = s.PreTokenizers
	}
	var types []string
	for _, s := range steps {
		types = append(types, printable.Short(s.Type, 40))
	}
	last := len(steps) - 1
	switch list := strings.Join(types, ", "); {
	case list != "ByteLevel" && list != "Split, ByteLevel":
		return pattern{}, fmt.Errorf("its pre_tokenizer is %s: %s", list, known)
	case isTrue(steps[last].AddPrefixSpace):
		return pattern{}, errors.New("its pre_tokenizer has add_prefix_space, which adds a space to text: set it to false")
	case last == 0 && !isTrue(steps[0].UseRegex):
		return pattern{}, fmt.Errorf("its pre_tokenizer does not cut text into words (use_regex is false): %s", known)
	case last == 0:
		return gpt2Pattern, nil
	case isTrue(steps[1].UseRegex):
		return pattern{}, errors.New("its pre_tokenizer cuts text by two patterns: set use_regex of ByteLevel to false")
	}
	split := steps[0]
	p, ok := patterns[split.Pattern.Regex]
	if !ok {
		return p, fmt.Errorf("its pre_tokenizer splits by %s: %s", quoted(split.Pattern.Regex+split.Pattern.String), known)
	}
	if split.Behavior != "Isolated" && split.Behavior != "Removed" || (split.Behavior == "Removed") != split.Invert {
		return p, fmt.Errorf("its pre_tokenizer splits with behavior %s and invert %v: only Isolated and false, or Removed and true are read", printable.Short(split.Behavior, 40), split.Invert)
	}
	return p, nil
}

func isTrue(b *bool) bool { return b == nil || *b }

// setPieces sets the bytes of every token.
func (t *Tokenizer) setPieces(f *file) error {
	count := len(f.Model.Vocab) + len(f.AddedTokens)
	most := int32(2*count + 1024) // some numbers may be unused
	given := map[int32]string{}
	set := func(token int32, text, piece string) error {
		if token < 0 || token > most {
			return fmt.Errorf("token %s has number %d, out of proportion to the %d tokens of the file", quoted(text), token, count)
		}
		if other, ok := given[token]; ok && other != text {
			return fmt.Errorf("tokens %s and %s have the same number %d", quoted(min(other, text)), quoted(max(other, text)), token)
		}
		for int(token) >= len(t.pieces) {
			t.pieces = append(t.pieces, "")
		}
		given[token], t.pieces[token] = text, piece
		return nil
	}
	var look []added
	isAdded := map[string]int32{}
	for _, a := range f.AddedTokens {
		piece := ""
		switch {
		case a.Content == "":
			return fmt.Errorf("added token %d has no content", a.ID)
		case !a.Special && (a.SingleWord || a.Left || a.Right):
			return fmt.Errorf("added token %s has single_word, lstrip or rstrip, which is read of special tokens only", quoted(a.Content))
		case !a.Special:
			piece = a.Content
			look = append(look, added{piece, a.ID})
		}
		if id, again := isAdded[a.Content]; again {
			return fmt.Errorf("added token %s has two numbers, %d and %d", quoted(a.Content), id, a.ID)
		}
		isAdded[a.Content] = a.ID
		if err := set(a.ID, a.Content, piece); err != nil {
			return err
		}
	}
	found := 0
	for _, text := range slices.Sorted(maps.Keys(f.Model.Vocab)) {
		token := f.Model.Vocab[text]
		if id, ok := isAdded[text]; ok {
			if id != token {
				return fmt.Errorf("token %s has two numbers, %d and %d", quoted(text), id, token)
			}
			continue
		}
		piece, ok := bytesOf(text)
		if !ok {
			return fmt.Errorf("token %s is not made of the alphabet of bytes: only BPE of bytes is read", quoted(text))
		}
		if err := set(token, text, piece); err != nil {
			return err
		}
		if len(piece) == 1 {
			t.single[piece[0]] = token
			found++
		}
	}
	if found != 256 {
		return fmt.Errorf("its vocabulary has %d of the 256 bytes: only BPE of bytes is read", found)
	}
	t.setAdded(look)
	return nil
}

// setMerges sets the merges and, where they may be ignored, the words that are tokens.
func (t *Tokenizer) setMerges(m *model, added []addedToken) error {
	isAdded := map[string]bool{}
	for _, a := range added {
		isAdded[a.Content] = true
	}
	for rank, text := range m.Merges {
		a, okA := m.Vocab[text.a]
		b, okB := m.Vocab[text.b]
		token, ok := m.Vocab[text.a+text.b]
		if !okA || !okB || !ok {
			return fmt.Errorf("merge %d, of %s and %s, has a token that is not in the vocabulary", rank, quoted(text.a), quoted(text.b))
		}
		if isAdded[text.a] || isAdded[text.b] || isAdded[text.a+text.b] {
			return fmt.Errorf("merge %d, of %s and %s, is of an added token", rank, quoted(text.a), quoted(text.b))
		}
		t.merges[pairOf(a, b)] = merge{int32(rank), token} // the last one counts, as in Hugging Face's reader
	}
	if !m.IgnoreMerges {
		return nil
	}
	t.whole = make(map[string]int32, len(m.Vocab))
	for text, token := range m.Vocab {
		if !isAdded[text] {
			t.whole[t.pieces[token]] = token
		}
	}
	return nil
}

// setSeparator finds the token that separates texts, or adds one. Encode gives none of the special tokens.
func (t *Tokenizer) setSeparator(list []addedToken) {
	special := map[string]int32{}
	for _, a := range list {
		if a.Special {
			special[a.Content] = a.ID
		}
	}
	var ok bool
	if t.separator, ok = tokenizer.FindSeparator(special); !ok {
		t.separator = int32(len(t.pieces))
		t.pieces = append(t.pieces, "")
	}
}

func quoted(text string) string { return `"` + printable.Short(text, 60) + `"` }
