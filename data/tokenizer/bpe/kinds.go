package bpe

import (
	"errors"
	"fmt"
	"strings"

	"goomtrain/internal/printable"
)

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
