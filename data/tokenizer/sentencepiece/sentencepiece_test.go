package sentencepiece

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"goomtrain/data/tokenizer"
)

// A made model is a ModelProto in parts, so that tests can change them.
type made struct {
	pieces     []madePiece
	trainer    map[protowire.Number]uint64
	normalizer map[protowire.Number]uint64
	name       string // of the normalizer
	rules      string // of the normalizer, as it compiles them
}

type madePiece struct {
	text  string
	score float32
	kind  uint64
}

// small is a model of characters and some merges, of the settings of Gemma's.
func small() *made {
	m := &made{trainer: map[protowire.Number]uint64{3: 2, 35: 1}, normalizer: map[protowire.Number]uint64{3: 0, 4: 0, 5: 1}, name: "identity"}
	for _, p := range []string{"<pad>", "<eos>", "<bos>"} {
		m.pieces = append(m.pieces, madePiece{p, 0, control})
	}
	m.pieces = append(m.pieces, madePiece{"<unk>", 0, unknown}, madePiece{"\n\n", 0, userDefined}, madePiece{"<b>", 0, userDefined})
	for b := range 256 {
		m.pieces = append(m.pieces, madePiece{fmt.Sprintf("<0x%02X>", b), 0, byteKind})
	}
	for i, text := range []string{"th", "▁t", "he", "▁the", "in", "ing", "▁▁", "▁a", "an", "and", "▁and", "日本", "é", "er", "▁▁▁▁", "12"} {
		m.pieces = append(m.pieces, madePiece{text, -float32(i), normal})
	}
	for i, r := range "▁theingadro日本é12345.,\n" {
		if r != 'é' {
			m.pieces = append(m.pieces, madePiece{string(r), -float32(100 + i), normal})
		}
	}
	return m
}

// encode returns the content of the file.
func (m *made) encode() (file []byte) {
	message := func(to []byte, number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), content)
	}
	numbers := func(values map[protowire.Number]uint64) (content []byte) {
		for number := range protowire.Number(50) {
			if v, ok := values[number]; ok {
				content = protowire.AppendVarint(protowire.AppendTag(content, number, protowire.VarintType), v)
			}
		}
		return content
	}
	for _, p := range m.pieces {
		content := message(nil, 1, []byte(p.text))
		content = protowire.AppendFixed32(protowire.AppendTag(content, 2, protowire.Fixed32Type), math.Float32bits(p.score))
		content = protowire.AppendVarint(protowire.AppendTag(content, 3, protowire.VarintType), p.kind)
		file = message(file, 1, content)
	}
	file = message(file, 2, numbers(m.trainer))
	normalizer := message(nil, 1, []byte(m.name))
	if m.rules != "" {
		normalizer = message(normalizer, 2, []byte(m.rules))
	}
	return message(file, 3, append(normalizer, numbers(m.normalizer)...))
}

// TestVectors compares with tokens recorded with Google's library (compiled to WebAssembly, npm package
// @agnai/sentencepiece-js 1.1.1).
func TestVectors(t *testing.T) {
	file := small().encode()
	if path := os.Getenv("WRITE_MODEL"); path != "" {
		os.WriteFile(path, file, 0o666)
	}
	tok, err := Read("test", file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range bytes.Lines(text) {
		var v struct {
			Text   string
			Tokens []int32
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		got := tok.Encode([]byte(v.Text))
		if !slices.Equal(got, v.Tokens) {
			t.Errorf("%q: %v, want %v", v.Text, got, v.Tokens)
		}
		if back := tok.Decode(got); string(back) != v.Text {
			t.Errorf("%q came back as %q", v.Text, back)
		}
		count++
	}
	if count < 60 {
		t.Errorf("%d vectors", count)
	}
}

func TestSpecialTokens(t *testing.T) {
	tok, err := Read("test", small().encode())
	if err != nil {
		t.Fatal(err)
	}
	if tok.Separator() != 1 || tok.Vocab() != len(small().pieces) {
		t.Errorf("separator %d of %d tokens", tok.Separator(), tok.Vocab())
	}
	for _, token := range []int32{-1, 0, 1, 2, 3, int32(tok.Vocab())} {
		if n, text := tok.Bytes(token), tok.Decode([]int32{token}); n != 0 || len(text) != 0 {
			t.Errorf("token %d: %d bytes, %q", token, n, text)
		}
	}
	without := small()
	without.pieces[1].text, without.pieces[2].text = "<x>", "<y>"
	if tok, err = Read("test", without.encode()); err != nil || int(tok.Separator()) != len(without.pieces) || tok.Vocab() != len(without.pieces)+1 {
		t.Errorf("without an end of text: separator %d, %v", tok.Separator(), err)
	}
}

// TestRefusals: what is not read is named, in one line.
func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(m *made){
		"its model is of Unigram":     func(m *made) { m.trainer[3] = 1 },
		"it has no byte_fallback":     func(m *made) { delete(m.trainer, 35) },
		"add_dummy_prefix":            func(m *made) { delete(m.normalizer, 3) },
		"remove_extra_whitespaces":    func(m *made) { m.normalizer[4] = 1 },
		"normalizes characters (nfkc": func(m *made) { m.name = "nfkc" },
		"characters (identity)":       func(m *made) { m.rules = "x" },
		"characters (by rules witho":  func(m *made) { m.name, m.rules = "", "x" },
		"its model is of words":       func(m *made) { m.trainer[3] = 3 },
		"its model is of characters":  func(m *made) { m.trainer[3] = 4 },
		"of the unknown kind 5":       func(m *made) { m.trainer[3] = 5 },
		"escape_whitespaces":          func(m *made) { m.normalizer[5] = 0 },
		"treat_whitespace_as_suffix":  func(m *made) { m.trainer[24] = 1 },
		"no piece for the byte 0xFF":  func(m *made) { m.pieces[261].text = "<0xFE>"; m.pieces[260].text = "zz"; m.pieces[260].kind = normal },
		`"<0x1>" is not a byte`:       func(m *made) { m.pieces[6].text = "<0x1>" },
		`the piece "th" twice`:        func(m *made) { m.pieces[263].text = "th" },
		"is empty or not UTF-8":       func(m *made) { m.pieces[263].text = "\xff" },
		"of the unknown kind 9":       func(m *made) { m.pieces[263].kind = 9 },
		"has 2000 bytes":              func(m *made) { m.pieces[263].text = strings.Repeat("x", 2000) },
		"it has no pieces":            func(m *made) { m.pieces = nil },
		"unk symbol is not defined":   func(m *made) { m.pieces[3].kind = control },
	} {
		m := small()
		change(m)
		if _, err := Read("test", m.encode()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one line with %q", err, want)
		}
	}
}

// TestNoNormalizer: a normalizer without a name and rules leaves text as it is.
func TestNoNormalizer(t *testing.T) {
	m := small()
	m.name = ""
	if _, err := Read("test", m.encode()); err != nil {
		t.Error(err)
	}
}

// TestCutFiles: no beginning of a file is a model.
func TestCutFiles(t *testing.T) {
	file := small().encode()
	for n := range file {
		if _, err := Read("test", file[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are a model", n, len(file))
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "the thing", "\xff▁\xe2\x96", "  \n\n<b><bos>日本語", "éthé 12\x00"} {
		f.Add([]byte(s))
	}
	tok, err := Read("test", small().encode())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tokens, total := tok.Encode(text), 0
		for _, token := range tokens {
			if token < 0 || int(token) >= tok.Vocab() || token == tok.Separator() {
				t.Fatalf("%q: token %d", text, token)
			}
			total += tok.Bytes(token)
		}
		if back := tok.Decode(tokens); !bytes.Equal(back, text) || total != len(text) {
			t.Fatalf("%q came back as %q", text, back)
		}
	})
}

// FuzzRead: a file is read, or is an error. A tokenizer gives no token outside its vocabulary.
func FuzzRead(f *testing.F) {
	file := small().encode()
	f.Add(0, []byte{})
	f.Add(len(file)-20, []byte("\x18\x01"))
	f.Add(5000, []byte{0x0a, 0x02, 0x0a, 0x00})
	f.Fuzz(func(t *testing.T, at int, part []byte) {
		changed := bytes.Clone(file)
		copy(changed[min(max(at, 0), len(file)):], part)
		tok, err := Read("test", changed)
		if err != nil {
			return
		}
		for _, token := range tok.Encode([]byte("the thing  <b>\n\n 日本語é12")) {
			if token < 0 || int(token) >= tok.Vocab() {
				t.Fatalf("token %d of %d", token, tok.Vocab())
			}
		}
	})
}

var _ tokenizer.Tokenizer = (*Tokenizer)(nil)
