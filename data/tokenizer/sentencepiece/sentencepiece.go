package sentencepiece

import (
	"bytes"
	"fmt"
	"strings"

	sp "github.com/eliben/go-sentencepiece"
	"google.golang.org/protobuf/encoding/protowire"

	"goomtrain/data/tokenizer"
)

func init() {
	tokenizer.RegisterFormat(".model", func(name string, content []byte) (tokenizer.Tokenizer, error) { return Read(name, content) })
}

// A Tokenizer encodes text by a SentencePiece model. See tokenizer.Tokenizer for its methods.
type Tokenizer struct {
	tokenizer.Pieces // "" for control tokens too

	name      string
	processor *sp.Processor
	single    [256]int32
	separator int32
}

// Read reads a tokenizer from the content of a .model file. The error names what the file asks for that is not supported.
// The name is that of the tokenizer.
func Read(name string, content []byte) (*Tokenizer, error) {
	m, err := parse(content)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{name: name}
	pieces, single, special, err := m.tokens()
	if err != nil {
		return nil, err
	}
	t.Pieces, t.single = pieces, single
	var ok bool
	if t.separator, ok = tokenizer.FindSeparator(special); !ok {
		t.separator = int32(len(t.Pieces))
		t.Pieces = append(t.Pieces, "")
	}
	if t.processor, err = sp.NewProcessor(bytes.NewReader(withLongPiece(content, m))); err != nil {
		return nil, fmt.Errorf("the library for SentencePiece refuses it: %w", err)
	}
	return t, nil
}

// withLongPiece adds a piece that is longer than any two symbols together. The library (go-sentencepiece v0.6.0) joins two
// symbols in a buffer as long as the longest piece, and panics if it is too short. No text gives the piece itself, as no
// symbol that it could be merged from is in the model.
func withLongPiece(content []byte, m *model) []byte {
	longest := 4 // bytes of a character
	for _, p := range m.pieces {
		longest = max(longest, len(p.text))
	}
	message := protowire.AppendTag(nil, 1, protowire.BytesType)
	message = protowire.AppendString(message, strings.Repeat("x", 2*longest+1))
	all := protowire.AppendTag(bytes.Clone(content), 1, protowire.BytesType)
	return protowire.AppendBytes(all, message)
}

// Name returns the name that the tokenizer was read under.
func (t *Tokenizer) Name() string { return t.name }

// Separator returns the token for the end or, if there is none, the beginning of a text.
func (t *Tokenizer) Separator() int32 { return t.separator }

// Encode returns the tokens of a text.
func (t *Tokenizer) Encode(text []byte) []int32 {
	var tokens []int32
	for len(text) > 0 {
		n := tokenizer.ValidPrefix(text)
		if i := bytes.Index(text[:n], []byte(space)); i >= 0 {
			n = i
		}
		if n > 0 {
			for _, token := range t.processor.Encode(string(text[:n])) {
				tokens = append(tokens, int32(token.ID))
			}
			text = text[n:]
			continue
		}
		n = 1 // a byte that is not UTF-8
		if bytes.HasPrefix(text, []byte(space)) {
			n = len(space)
		}
		for _, b := range text[:n] {
			tokens = append(tokens, t.single[b])
		}
		text = text[n:]
	}
	return tokens
}
