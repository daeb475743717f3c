package documents

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// sound checks a row that was read of whatever file.
func sound(t *testing.T, r Row) {
	if r.Err == nil && (!utf8.Valid(r.Text) || bytes.IndexByte(r.Text, 0) >= 0) {
		t.Errorf("row %d: %q", r.Number, r.Text)
	}
	if r.Err != nil && (r.Text != nil && strings.Contains(r.Err.Error(), "field") || strings.ContainsAny(r.Err.Error(), "\n\x1b")) {
		t.Errorf("row %d: %q, error %q", r.Number, r.Text, r.Err)
	}
}

// FuzzJSONL: a row has a text that can be a document, or a printable error, and rows are numbered upwards.
func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{"", "{\"text\":\"a\"}\n", "\xef\xbb\xbf{\"text\":\"\\ud800\"}\r\n\n[1]", "{\"a\":{\"text\":\"b\"}}", "{\"text\":\"\xff\"}", "{\"text\":\"\\u0000\"}", "{\"text\":[[\x1b"} {
		f.Add([]byte(seed), "text")
		f.Add([]byte(seed), "a.text")
	}
	f.Fuzz(func(t *testing.T, file []byte, field string) {
		last := 0
		err := readJSONL(bytes.NewReader(file), field, func(r Row) error {
			sound(t, r)
			if r.Number <= last {
				t.Errorf("row %d after %d", r.Number, last)
			}
			last = r.Number
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// FuzzParquet: whatever a file holds, reading it ends without a panic.
func FuzzParquet(f *testing.F) {
	for _, name := range []string{"datapage_v2.snappy", "alltypes_dictionary"} {
		file, err := os.ReadFile("testdata/" + name + ".parquet")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file, "a")
		f.Add(file, "string_col")
	}
	f.Fuzz(func(t *testing.T, file []byte, field string) {
		readParquet(bytes.NewReader(file), int64(len(file)), field, func(r Row) error {
			sound(t, r)
			return nil
		})
	})
}

// FuzzCompressed: compressed files, whatever they hold, are read to their end or an error.
func FuzzCompressed(f *testing.F) {
	f.Add(gzipped("text"), true)
	f.Add(zstandard("text"), false)
	f.Add([]byte("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00"), false)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte, gz bool) {
		path := dir + "/a.zst"
		if gz {
			path = dir + "/a.gz"
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		in, err := Open(path, FormatOf(path), nil)
		if err != nil {
			return
		}
		defer in.Close()
		io.Copy(io.Discard, io.LimitReader(in, 64<<20))
	})
}
