package bpe

import (
	"fmt"
	"maps"
	"slices"

	"goomtrain/data/tokenizer"
)

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
		for int(token) >= len(t.Pieces) {
			t.Pieces = append(t.Pieces, "")
		}
		given[token], t.Pieces[token] = text, piece
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
			t.whole[t.Pieces[token]] = token
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
		t.separator = int32(len(t.Pieces))
		t.Pieces = append(t.Pieces, "")
	}
}
