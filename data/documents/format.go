package documents

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
)

// Layout is how the documents of a file are laid out.
type Layout int

const (
	Text    Layout = iota // the file is one document
	JSONL                 // one JSON object a line
	Parquet               // a table
)

// Compression is how the bytes of a file are compressed.
type Compression int

const (
	Plain Compression = iota
	Gzip
	Zstd
)

// A Format is what a file holds.
type Format struct {
	Layout      Layout
	Compression Compression
	Suffix      string // what decides Layout, in lower case and without that of the compression
}

// FormatOf tells the format of a file by its name.
func FormatOf(name string) Format {
	name = strings.ToLower(name)
	var f Format
	f.Suffix = filepath.Ext(name)
	switch f.Suffix {
	case ".gz":
		f.Compression = Gzip
	case ".zst":
		f.Compression = Zstd
	}
	if f.Compression != Plain {
		f.Suffix = filepath.Ext(strings.TrimSuffix(name, f.Suffix))
	}
	switch f.Suffix {
	case ".jsonl", ".ndjson":
		f.Layout = JSONL
	case ".parquet":
		f.Layout = Parquet
	}
	return f
}

// signatures are the first bytes of formats that are not text.
var signatures = []struct{ bytes, name, suffix string }{
	{"\x1f\x8b", "gzip", ".gz"},
	{"\x28\xb5\x2f\xfd", "zstd", ".zst"},
	{"PAR1", "Parquet", ".parquet"},
}

// Signature names the format that content begins like, and the suffix of such files. Both are empty for text.
func Signature(content []byte) (name, suffix string) {
	if len(content) >= 4 && content[0]&0xf0 == 0x50 && string(content[1:4]) == "\x2a\x4d\x18" {
		return "zstd", ".zst" // a skippable frame, with which pzstd begins (RFC 8878, 3.1.2)
	}
	for _, s := range signatures {
		if bytes.HasPrefix(content, []byte(s.bytes)) {
			return s.name, s.suffix
		}
	}
	return "", ""
}

// check returns an error if the beginning of a file does not agree with its name. Text that is not compressed may begin in
// any way: what is not text is found when it is read.
func (f Format) check(path string, head []byte) error {
	want := map[Compression]string{Gzip: "gzip", Zstd: "zstd"}[f.Compression]
	switch {
	case f.Layout == Parquet && f.Compression != Plain:
		return fmt.Errorf("%s: Parquet files compress their own pages: decompress the file", path)
	case f.Layout == Parquet:
		want = "Parquet"
	case f.Layout == Text && f.Compression == Plain:
		return nil
	}
	if len(head) == 0 {
		return fmt.Errorf("%s: it has no bytes, not even those of an empty %s file: get the whole file again, or remove it", path, want)
	}
	found, suffix := Signature(head)
	if found == want {
		return nil
	}
	if found == "" {
		return fmt.Errorf("%s: its name says %s, but its content is not: rename the file after what it holds", path, want)
	}
	return fmt.Errorf("%s: its name says %s, but its content is %s: give it a name that ends in %s", path, cmp.Or(want, "plain JSONL"), found, suffix)
}
