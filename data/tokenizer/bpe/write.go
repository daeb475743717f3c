package bpe

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// endOfText is the separator of the vocabularies that Train makes.
const endOfText = "<|endoftext|>"

// Encode returns the content of a tokenizer.json, which Hugging Face's library and Read read alike.
func (v *Vocabulary) Encode() []byte {
	var b bytes.Buffer
	level := `{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}`
	separator := len(v.pieces)
	fmt.Fprintf(&b, `{
  "version": "1.0",
  "truncation": null,
  "padding": null,
  "added_tokens": [
    {"id": %d, "content": %q, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
  ],
  "normalizer": null,
  "pre_tokenizer": %s,
  "post_processor": %s,
  "decoder": %s,
  "model": {
    "type": "BPE",
    "dropout": null,
    "unk_token": null,
    "continuing_subword_prefix": null,
    "end_of_word_suffix": null,
    "fuse_unk": false,
    "byte_fallback": false,
    "ignore_merges": false,
    "vocab": {`, separator, endOfText, level, level, level)
	for token, piece := range v.pieces {
		fmt.Fprintf(&b, "\n      %s: %d,", text(Letters(piece)), token)
	}
	fmt.Fprintf(&b, "\n      %q: %d\n    },\n    \"merges\": [", endOfText, separator)
	for i, p := range v.merges {
		if i > 0 {
			b.WriteByte(',')
		}
		a, c := p.tokens()
		fmt.Fprintf(&b, "\n      %s", text(Letters(v.pieces[a])+" "+Letters(v.pieces[c])))
	}
	b.WriteString("\n    ]\n  }\n}\n")
	return b.Bytes()
}

// text writes a text in JSON.
func text(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string can be written, to memory too
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
