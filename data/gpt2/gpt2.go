package gpt2

import (
	"fmt"
	"strings"
	"sync"

	"github.com/tiktoken-go/tokenizer/codec"

	"goomtrain/data/tokenizer"
)

const (
	endOfText = 50256
	vocab     = 50257

	// The pattern matcher behind the codec (regexp2 v2.5.1) skips the byte DEL, which the encoding treats
	// as one of the signs that are neither letters, numbers nor white space. It is therefore encoded as
	// another of those, which like it is part of no longer token, and exchanged afterwards.
	del   = 0x7f
	proxy = 0x01
)

func init() { tokenizer.Register("gpt2", func() (tokenizer.Tokenizer, error) { return New() }) }

// Tokenizer is the encoding of GPT-2. See tokenizer.Tokenizer for its methods.
type Tokenizer struct {
	codec  *codec.Codec
	pieces [vocab]string // the bytes of each token
	single [256]int32    // the token of each single byte
}

// New returns the tokenizer; the vocabulary is unpacked by the first call.
func New() (*Tokenizer, error) { return load() }

var load = sync.OnceValues(func() (*Tokenizer, error) {
	t := &Tokenizer{codec: codec.NewR50kBase()}
	found := 0
	for id := range int32(endOfText) {
		text, err := t.codec.Decode([]uint{uint(id)})
		if err != nil {
			return nil, fmt.Errorf("gpt2: the linked vocabulary lacks token %d: %w", id, err)
		}
		t.pieces[id] = text
		if len(text) == 1 {
			t.single[text[0]] = id
			found++
		} else if strings.ContainsAny(text, string([]byte{del, proxy})) {
			return nil, fmt.Errorf("gpt2: token %d, %q, of the linked vocabulary has a byte that should stand alone", id, text)
		}
	}
	if found != 256 {
		return nil, fmt.Errorf("gpt2: the linked vocabulary has %d single bytes, not 256", found)
	}
	return t, nil
})

// Name returns "gpt2".
func (t *Tokenizer) Name() string { return "gpt2" }

// Vocab returns 50257.
func (t *Tokenizer) Vocab() int { return vocab }

// Separator returns 50256, the token <|endoftext|>.
func (t *Tokenizer) Separator() int32 { return endOfText }

// Bytes returns how many bytes of text a token stands for: 0 for the separator.
func (t *Tokenizer) Bytes(token int32) int {
	if token < 0 || token >= vocab {
		return 0
	}
	return len(t.pieces[token])
}

// Encode splits the text into stretches of UTF-8, which the encoding is defined on, and the stray bytes
// between them.
func (t *Tokenizer) Encode(text []byte) []int32 {
	tokens := make([]int32, 0, len(text)/3+1)
	for len(text) > 0 {
		n := tokenizer.ValidPrefix(text)
		if n == 0 {
			tokens = append(tokens, t.single[text[0]])
			text = text[1:]
			continue
		}
		tokens = t.appendValid(tokens, text[:n])
		text = text[n:]
	}
	return tokens
}

// appendValid appends the tokens of valid UTF-8.
func (t *Tokenizer) appendValid(tokens []int32, text []byte) []int32 {
	ids, _, err := t.codec.Encode(strings.ReplaceAll(string(text), string(rune(del)), string(rune(proxy))))
	if err != nil { // only a time limit of the pattern matcher can do this, and none is set
		panic(fmt.Sprintf("gpt2: encoding %d bytes: %v", len(text), err))
	}
	at := 0 // in text
	for _, id := range ids {
		token := int32(id)
		if n := len(t.pieces[token]); n == 1 && at < len(text) && text[at] == del {
			token = t.single[del]
		}
		tokens = append(tokens, token)
		at += len(t.pieces[token])
	}
	if at != len(text) {
		panic(fmt.Sprintf("gpt2: the tokens of %d bytes of text stand for %d", len(text), at))
	}
	return tokens
}

// Decode returns the text of the tokens; the separator stands for none.
func (t *Tokenizer) Decode(tokens []int32) []byte {
	var text []byte
	for _, token := range tokens {
		if token >= 0 && token < vocab {
			text = append(text, t.pieces[token]...)
		}
	}
	return text
}
