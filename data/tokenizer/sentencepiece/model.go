package sentencepiece

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"goomtrain/internal/printable"
)

// Kinds of pieces (ModelProto.SentencePiece.Type).
const (
	normal      = 1
	unknown     = 2
	control     = 3
	userDefined = 4
	unused      = 5
	byteKind    = 6
)

const (
	maxPieces = 1 << 20
	maxPiece  = 1 << 10 // bytes
	bpeKind   = 2       // TrainerSpec.ModelType
	space     = "▁"
)

// A model is what is looked at of a ModelProto.
// Source: sentencepiece_model.proto of github.com/google/sentencepiece.
type model struct {
	pieces       []piece
	kind         uint64 // TrainerSpec.ModelType
	fallback     bool
	suffix       bool   // white space is at the end of words
	normalizer   string // name; "": characters stay as they are
	dummyPrefix  bool
	removeSpaces bool
	keepSpaces   bool // spaces are not written as U+2581
}

type piece struct {
	text string
	kind uint64
}

// parse reads a model. Settings that are missing have the defaults of the format.
func parse(content []byte) (*model, error) {
	m := &model{kind: 1, dummyPrefix: true, removeSpaces: true}
	err := fields(content, func(number protowire.Number, _ uint64, message []byte) error {
		switch number {
		case 1:
			return m.addPiece(message)
		case 2:
			return fields(message, func(number protowire.Number, value uint64, _ []byte) error {
				switch number {
				case 3:
					m.kind = value
				case 24:
					m.suffix = value != 0
				case 35:
					m.fallback = value != 0
				}
				return nil
			})
		case 3:
			return m.setNormalizer(message)
		}
		return nil
	})
	if err == nil && len(m.pieces) == 0 {
		err = errors.New("it has no pieces")
	}
	if err != nil {
		return nil, fmt.Errorf("it is not a SentencePiece model: %w", err)
	}
	return m, m.check()
}

func (m *model) addPiece(message []byte) error {
	p := piece{kind: normal}
	err := fields(message, func(number protowire.Number, value uint64, text []byte) error {
		switch number {
		case 1:
			p.text = string(text)
		case 3:
			p.kind = value
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case p.text == "" || !utf8.ValidString(p.text):
		return fmt.Errorf("piece %d is empty or not UTF-8", len(m.pieces))
	case len(p.text) > maxPiece:
		return fmt.Errorf("piece %d has %d bytes: at most %d", len(m.pieces), len(p.text), maxPiece)
	case p.kind < normal || p.kind > byteKind:
		return fmt.Errorf("piece %d is of the unknown kind %d", len(m.pieces), p.kind)
	case len(m.pieces) == maxPieces:
		return fmt.Errorf("it has more than %d pieces", maxPieces)
	}
	m.pieces = append(m.pieces, p)
	return nil
}

func (m *model) setNormalizer(message []byte) error {
	name, rules := "", 0
	err := fields(message, func(number protowire.Number, value uint64, text []byte) error {
		switch number {
		case 1:
			name = string(text)
		case 2:
			rules = len(text)
		case 3:
			m.dummyPrefix = value != 0
		case 4:
			m.removeSpaces = value != 0
		case 5:
			m.keepSpaces = value == 0
		}
		return nil
	})
	switch {
	case rules > 0 && name == "":
		m.normalizer = "by rules without a name"
	case rules > 0 || name != "identity":
		m.normalizer = name
	}
	return err
}

// check refuses models whose tokens the library does not give.
func (m *model) check() error {
	const only = "only BPE with byte fallback that leaves text as it is can be read"
	switch {
	case m.kind != bpeKind:
		kinds := map[uint64]string{1: "Unigram", 3: "words", 4: "characters"}
		name, ok := kinds[m.kind]
		if !ok {
			name = fmt.Sprintf("the unknown kind %d", m.kind)
		}
		return fmt.Errorf("its model is of %s: %s", name, only)
	case !m.fallback:
		return fmt.Errorf("it has no byte_fallback: %s", only)
	case m.dummyPrefix:
		return fmt.Errorf("it adds a space before a text (add_dummy_prefix): %s", only)
	case m.removeSpaces:
		return fmt.Errorf("it removes spaces (remove_extra_whitespaces): %s", only)
	case m.normalizer != "":
		return fmt.Errorf("it normalizes characters (%s): %s", printable.Short(m.normalizer, 40), only)
	case m.keepSpaces || m.suffix:
		return fmt.Errorf("it writes spaces in another way (escape_whitespaces or treat_whitespace_as_suffix): %s", only)
	}
	return nil
}

// tokens returns the bytes that each piece stands for, the piece of each byte, and the control pieces.
func (m *model) tokens() (pieces []string, single [256]int32, special map[string]int32, err error) {
	special = map[string]int32{}
	seen := map[string]bool{}
	found := [256]bool{}
	for id, p := range m.pieces {
		text := ""
		if seen[p.text] {
			return nil, single, nil, fmt.Errorf("it has the piece %q twice", p.text)
		}
		seen[p.text] = true
		switch p.kind {
		case normal, userDefined, unused:
			text = strings.ReplaceAll(p.text, space, " ")
		case control:
			special[p.text] = int32(id)
		case byteKind:
			var b byte
			if n, err := fmt.Sscanf(p.text, "<0x%02X>", &b); n != 1 || err != nil || fmt.Sprintf("<0x%02X>", b) != p.text {
				return nil, single, nil, fmt.Errorf("its piece %q is not a byte", p.text)
			}
			text, single[b], found[b] = string([]byte{b}), int32(id), true
		}
		pieces = append(pieces, text)
	}
	for b, ok := range found {
		if !ok {
			return nil, single, nil, fmt.Errorf("it has no piece for the byte 0x%02X", b)
		}
	}
	return pieces, single, special, nil
}

// fields calls each with the fields of a message: the value of a number, or the content of a text or message.
func fields(message []byte, each func(number protowire.Number, value uint64, content []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		value, content := uint64(math.MaxUint64), []byte(nil)
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			content, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := each(number, value, content); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}
