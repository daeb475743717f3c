package bpe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"goomtrain/data/tokenizer"
)

// object is a JSON object that a test changes.
type object = map[string]any

// content returns the content of testdata/tokenizer.json, changed.
func content(t testing.TB, change func(file object)) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	if change == nil {
		return text
	}
	var f object
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	change(f)
	if text, err = json.Marshal(f); err != nil {
		t.Fatal(err)
	}
	return text
}

func read(t testing.TB, change func(file object)) *Tokenizer {
	t.Helper()
	tok, err := Read("test", content(t, change))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func modelOf(f object) object { return f["model"].(object) }

// add appends an added token.
func add(f object, id int, text string, special bool) {
	f["added_tokens"] = append(f["added_tokens"].([]any), object{"id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": special})
}

// split sets the pre_tokenizer to one with a pattern.
func split(f object, regex, behavior string, invert bool) {
	f["pre_tokenizer"] = object{"type": "Sequence", "pretokenizers": []any{
		object{"type": "Split", "pattern": object{"Regex": regex}, "behavior": behavior, "invert": invert},
		object{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
	}}
}

// regex returns the pattern that has all the parts.
func regex(parts ...string) string {
	for r := range patterns {
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(r, p) }) {
			return r
		}
	}
	panic(fmt.Sprint(parts))
}

// variants are the tokenizers that testdata/vectors.jsonl has tokens of.
var variants = map[string]func(f object){
	"gpt2":       func(f object) {},
	"gpt2-split": func(f object) { split(f, regex("'(?:"), "Isolated", false) },
	"llama3": func(f object) {
		split(f, regex("(?i:'s", "{1,3}"), "Isolated", false)
		modelOf(f)["ignore_merges"] = true
	},
	"qwen2": func(f object) {
		split(f, regex("(?i:'s", `|\p{N}| ?`), "Isolated", false)
		f["normalizer"] = object{"type": "NFC"}
		add(f, 1000, "<think>", false)
		add(f, 1001, "th", false)
	},
	"cl100k": func(f object) { split(f, regex("?+", `{1,3}|`), "Removed", true) },
}

// TestVectors compares with tokens recorded with the Rust library of Hugging Face (tokenizers 0.22.2).
func TestVectors(t *testing.T) {
	f, err := os.Open("testdata/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	toks := map[string]*Tokenizer{}
	for name, change := range variants {
		toks[name] = read(t, change)
	}
	count := 0
	for lines := bufio.NewScanner(f); lines.Scan(); count++ {
		var v map[string]json.RawMessage
		var text string
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		} else if err := json.Unmarshal(v["text"], &text); err != nil {
			t.Fatal(err)
		}
		for name, tok := range toks {
			var want []int32
			if err := json.Unmarshal(v[name], &want); err != nil {
				t.Fatal(name, err)
			}
			got := tok.Encode([]byte(text))
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q: %v, want %v", name, text, got, want)
			}
			back := text
			if name == "qwen2" && !strings.Contains(text, "th") {
				back = norm.NFC.String(text)
			}
			if decoded := string(tok.Decode(got)); decoded != back && name != "qwen2" || norm.NFC.String(decoded) != norm.NFC.String(text) {
				t.Errorf("%s: %q came back as %q", name, text, decoded)
			}
		}
	}
	if count != 186 {
		t.Errorf("%d vectors", count)
	}
}

// TestSpecialTokens: special tokens are plain text in a text, and stand for none; the separator is found by its name.
func TestSpecialTokens(t *testing.T) {
	tok := read(t, func(f object) { add(f, 1003, "<s>", true) })
	if tok.Separator() != 999 || tok.Vocab() != 1004 {
		t.Errorf("separator %d of %d tokens", tok.Separator(), tok.Vocab())
	}
	text := "a<|endoftext|><s>b"
	tokens := tok.Encode([]byte(text))
	if slices.Contains(tokens, 999) || slices.Contains(tokens, 1003) || string(tok.Decode(tokens)) != text {
		t.Errorf("%q: %v", text, tokens)
	}
	for _, token := range []int32{-1, 999, 1001, 1003, 1004, 1 << 30} {
		if n, text := tok.Bytes(token), tok.Decode([]int32{token}); n != 0 || len(text) != 0 {
			t.Errorf("token %d: %d bytes, %q", token, n, text)
		}
	}
	none := read(t, func(f object) {
		f["added_tokens"] = []any{}
		delete(modelOf(f)["vocab"].(object), endOfText)
	})
	if none.Separator() != 999 || none.Vocab() != 1000 {
		t.Errorf("without an end of text: separator %d of %d tokens", none.Separator(), none.Vocab())
	}
}

// TestIgnoreMerges: a word that is a token needs no merges.
func TestIgnoreMerges(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		tok := read(t, func(f object) {
			modelOf(f)["vocab"].(object)["qzx"] = 1000
			modelOf(f)["ignore_merges"] = ignore
		})
		if got := tok.Encode([]byte("qzx")); slices.Equal(got, []int32{1000}) != ignore {
			t.Errorf("ignore_merges %v: %v", ignore, got)
		}
	}
}

// TestModelWithoutType: early files leave out the type of a model that has merges.
func TestModelWithoutType(t *testing.T) {
	early := read(t, func(f object) { delete(modelOf(f), "type") })
	text := []byte("that the tokens are the same")
	if got, want := early.Encode(text), read(t, nil).Encode(text); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	_, err := Read("test", content(t, func(f object) {
		delete(modelOf(f), "type")
		modelOf(f)["merges"] = []any{}
	}))
	if err == nil || !strings.Contains(err.Error(), "its model is ") {
		t.Errorf("neither a type nor merges: error %v", err)
	}
}

// TestMergesAsPairs: both forms of merges are read.
func TestMergesAsPairs(t *testing.T) {
	pairs := read(t, func(f object) {
		for i, m := range modelOf(f)["merges"].([]any) {
			a, b, _ := strings.Cut(m.(string), " ")
			modelOf(f)["merges"].([]any)[i] = []any{a, b}
		}
	})
	text := []byte("that the tokens are the same")
	if got, want := pairs.Encode(text), read(t, nil).Encode(text); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestRefusals: what is not read is named, in one line.
func TestRefusals(t *testing.T) {
	space := func(name string, value any) func(f object) {
		return func(f object) { f["pre_tokenizer"].(object)[name] = value }
	}
	setting := func(name string, value any) func(f object) { return func(f object) { modelOf(f)[name] = value } }
	for want, change := range map[string]func(f object){
		"its model is WordPiece":                            setting("type", "WordPiece"),
		"byte_fallback":                                     setting("byte_fallback", true),
		"dropout":                                           setting("dropout", 0.1),
		"end_of_word_suffix":                                setting("end_of_word_suffix", "</w>"),
		"its normalizer is NFKC":                            func(f object) { f["normalizer"] = object{"type": "NFKC"} },
		"its decoder is WordPiece":                          func(f object) { f["decoder"] = object{"type": "WordPiece"} },
		"it has no pre_tokenizer":                           func(f object) { f["pre_tokenizer"] = nil },
		"its pre_tokenizer is Metaspace":                    space("type", "Metaspace"),
		"add_prefix_space":                                  space("add_prefix_space", true),
		"use_regex is false":                                space("use_regex", false),
		`splits by "\d"`:                                    func(f object) { split(f, `\d`, "Isolated", false) },
		"behavior MergedWithNext":                           func(f object) { split(f, regex("'(?:"), "MergedWithNext", false) },
		"has 255 of the 256 bytes":                          func(f object) { delete(modelOf(f)["vocab"].(object), "\u0100"); setting("merges", []any{})(f) },
		"merge 0, of \"a\" and \"\u00e9\u00e9\", has a tok": setting("merges", []any{"a \u00e9\u00e9"}),
		"the merge \"a b c\" is not two tokens":             setting("merges", []any{"a b c"}),
		`token "漢" is not made of the alphabet`:             func(f object) { modelOf(f)["vocab"].(object)["漢"] = 1000 },
		"out of proportion":                                 func(f object) { modelOf(f)["vocab"].(object)["zzzz"] = 1 << 30 },
		"have the same number 5":                            func(f object) { modelOf(f)["vocab"].(object)["zzzz"] = 5 },
		`added token "x" has two numbers, 1000 and 1001`:    func(f object) { add(f, 1000, "x", true); add(f, 1001, "x", true) },
		"has single_word":                                   func(f object) { add(f, 1000, "x", false); f["added_tokens"].([]any)[1].(object)["lstrip"] = true },
		`added token "y" has single_word`:                   func(f object) { add(f, 1000, "y", false); f["added_tokens"].([]any)[1].(object)["rstrip"] = true },
		`added token "z" has single_word`:                   func(f object) { add(f, 1000, "z", false); f["added_tokens"].([]any)[1].(object)["single_word"] = true },
		"added token 1000 has no content":                   func(f object) { add(f, 1000, "", true) },
		`token "q" has number 1073741824, out of`:           func(f object) { add(f, 1<<30, "q", true) },
		`token "w" has number -1, out of`:                   func(f object) { add(f, -1, "w", true) },
		`token "zz" has two numbers, 1001 and 1000`:         func(f object) { modelOf(f)["vocab"].(object)["zz"] = 1000; add(f, 1001, "zz", true) },
		"continuing_subword_prefix":                         setting("continuing_subword_prefix", "##"),
		"its normalizer is Sequence": func(f object) {
			f["normalizer"] = object{"type": "Sequence", "normalizers": []any{object{"type": "NFC"}, object{"type": "NFC"}}}
		},
		"its normalizer is Lowercase": func(f object) {
			f["normalizer"] = object{"type": "Sequence", "normalizers": []any{object{"type": "Lowercase"}}}
		},
		"cuts text by two patterns": func(f object) {
			split(f, regex("'(?:"), "Isolated", false)
			f["pre_tokenizer"].(object)["pretokenizers"].([]any)[1].(object)["use_regex"] = true
		},
		"is of an added token": func(f object) { add(f, 267, "\u0120the", true) },
		"it has no model":      func(f object) { clear(f) },
		"cannot unmarshal":     setting("vocab", []any{1}),
	} {
		_, err := Read("test", content(t, change))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one line with %q", err, want)
		}
	}
}

// TestNormalizers: NFC alone or in a list, and an empty list, are read.
func TestNormalizers(t *testing.T) {
	const apart = "e\u0301" // that NFC makes one letter
	nfc := object{"type": "NFC"}
	for want, normalizers := range map[string][]any{
		"\u00e9": {nfc, object{"type": "Sequence", "normalizers": []any{nfc}}},
		apart:    {nil, object{"type": "Sequence", "normalizers": []any{}}},
	} {
		for _, n := range normalizers {
			tok := read(t, func(f object) { f["normalizer"] = n })
			if got := string(tok.Decode(tok.Encode([]byte(apart)))); got != want {
				t.Errorf("%v: %q, want %q", n, got, want)
			}
		}
	}
}

// TestConcurrent: goroutines that share a tokenizer do not disturb each other, also when the memory of words is full.
func TestConcurrent(t *testing.T) {
	tok := read(t, nil)
	var text []byte
	for i := range 2 * knownWords {
		text = fmt.Appendf(text, " w%dx", i)
	}
	want := read(t, nil).Encode(text)
	done := make(chan bool)
	for range 4 {
		go func() {
			for range 2 {
				done <- slices.Equal(tok.Encode(text), want)
			}
		}()
	}
	for range 8 {
		if !<-done {
			t.Error("tokens differ")
		}
	}
	if got := tok.Decode(want); !bytes.Equal(got, text) {
		t.Error("the text does not come back")
	}
}

// TestLongWord: a word of any length is merged in a time that is not quadratic.
func TestLongWord(t *testing.T) {
	tok := read(t, nil)
	text := bytes.Repeat([]byte("the"), 1<<18)
	if got := tok.Decode(tok.Encode(text)); !bytes.Equal(got, text) {
		t.Error("the text does not come back")
	}
}

// TestShortAndLong: both ways of merging give the same tokens, at any length.
func TestShortAndLong(t *testing.T) {
	tok, text := read(t, nil), []byte(nil)
	for i := range 300 {
		text = append(text, "the aaa in  bbb\n\t12,"[i*i*7%21])
	}
	var m merger
	for n := 1; n <= len(text); n++ {
		if long, short := m.append(nil, text[:n], tok), m.appendShort(nil, text[:n], tok); !slices.Equal(long, short) {
			t.Fatalf("%q: %v and %v", text[:n], long, short)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "a b", "\xff\xfe", "caf\u00e9 \xe2\x82", "it's \ufffd <|endoftext|>\x00", "<think>th 12345\r\n\n x"} {
		f.Add([]byte(s))
	}
	toks := map[string]*Tokenizer{}
	for name, change := range variants {
		toks[name] = read(f, change)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, tok := range toks {
			tokens := tok.Encode(text)
			back, total := tok.Decode(tokens), 0
			if name == "qwen2" {
				continue // NFC
			}
			if !bytes.Equal(back, text) {
				t.Fatalf("%s: %q came back as %q", name, text, back)
			}
			for _, token := range tokens {
				total += tok.Bytes(token)
			}
			if total != len(text) || slices.Contains(tokens, tok.Separator()) {
				t.Fatalf("%s: %q: %v", name, text, tokens)
			}
		}
	})
}

// FuzzRead: no file makes the reader or the tokenizer fail otherwise than by an error, or give tokens outside the vocabulary.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "a"]]}}`))
	f.Add([]byte(`{"pre_tokenizer": {"type": "Sequence", "pretokenizers": []}, "model": {"type": "BPE", "vocab": {}}}`))
	small := content(f, func(f object) { // only bytes
		modelOf(f)["merges"] = []any{"\u0120 t"}
		vocab := modelOf(f)["vocab"].(object)
		for text, token := range vocab {
			if n := token.(float64); n >= 256 && n < 999 && text != "\u0120t" {
				delete(vocab, text)
			}
		}
	})
	if _, err := Read("test", small); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, part []byte) {
		var f, change object
		if json.Unmarshal(part, &change) != nil {
			change = nil
		}
		if err := json.Unmarshal(small, &f); err != nil {
			t.Fatal(err)
		}
		for key, value := range change {
			if m, ok := value.(object); ok && key == "model" {
				for key, value := range m {
					modelOf(f)[key] = value
				}
				continue
			}
			f[key] = value
		}
		changed, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range [][]byte{part, changed} {
			tok, err := Read("test", file)
			if err != nil {
				continue
			}
			for _, token := range tok.Encode([]byte("Some text, 123 \xff\n\n <|endoftext|>")) {
				if token < 0 || int(token) >= tok.Vocab() || token == tok.Separator() {
					t.Fatalf("token %d of %d", token, tok.Vocab())
				}
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	text, err := os.ReadFile("../../corpus/scan.go")
	if err != nil {
		b.Fatal(err)
	}
	tok := read(b, nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Encode(text)
	}
}

var _ tokenizer.Tokenizer = (*Tokenizer)(nil)
