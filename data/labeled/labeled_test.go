package labeled

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"goomtrain/data/documents"
)

// file writes a file.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

func zstandard(text string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// texts reads all texts of a path, as LABEL=TEXT.
func texts(path string, f Fields) (all []string, err error) {
	err = Read(path, f, func(t Text) error {
		all = append(all, fmt.Sprintf("%s=%s", t.Label, t.Body))
		return nil
	}, nil)
	return all, err
}

var usual = Fields{Text: "text", Label: "label"}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		fields     Fields
		want       []string
	}{
		{"a.jsonl", "{\"text\":\"one\\n\\u00e9\",\"label\":\"x\"}\n\n{\"label\":3,\"text\":\"\",\"more\":[1]}\n{\"label\":true,\"text\":\"no end\"}", usual, []string{"x=one\né", "3=", "true=no end"}},
		{"a.ndjson", "\ufeff{\"body\":\"b\",\"class\":\" spaces \"}\r\n", Fields{"body", "class"}, []string{"spaces=b"}},
		{"a.jsonl", `{"a":{"text":"t"},"b":{"c":{"label":2}}}`, Fields{"a.text", "b.c.label"}, []string{"2=t"}},
		{"a.jsonl", `{"text":"\ud83d\ude00 \ufffd","label":"\ud83d\ude00"}`, usual, []string{"😀=😀 �"}},
		{"a.jsonl.gz", gzipped("{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"y\"}\n"), usual, []string{"x=a", "y=b"}},
		{"A.CSV.gz", gzipped("text,label\na,x\n"), usual, []string{"x=a"}},
		{"a.tsv.zst", zstandard("text\tlabel\na\tx\n"), usual, []string{"x=a"}},
		{"a.csv", "id,label,text\n1,x,\"two\nlines, \"\"quoted\"\"\"\n2,größer,\n", usual, []string{"x=two\nlines, \"quoted\"", "größer="}},
		{"a.CSV", "\ufefftext,label\r\na,b\r\n", usual, []string{"b=a"}},
		{"a.tsv", "label\ttext\nx\ta,b\n", usual, []string{"x=a,b"}},
	} {
		got, err := texts(file(t, c.name, c.text), c.fields)
		if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s: %q, want %q, error %v", c.name, got, c.want, err)
		}
	}
}

func TestReadFolder(t *testing.T) {
	dir := filepath.Dir(filepath.Dir(file(t, "b/deep.txt", "of b")))
	for name, text := range map[string]string{"a/2.txt": "second", "a/1/x": "first", "a/.hidden": "no", ".git/x": "no", "top.txt": "no", "b/binary": "\xff\xfe", "b/nul": "a\x00"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var got, skipped []string
	err := Read(dir, Fields{}, func(t Text) error {
		got = append(got, t.Label+"="+string(t.Body))
		return nil
	}, func(file string) { skipped = append(skipped, filepath.Base(file)) })
	if want := "[a=first a=second b=of b] [binary nul]"; err != nil || fmt.Sprint(got, skipped) != want {
		t.Errorf("%v, want %s, error %v", fmt.Sprint(got, skipped), want, err)
	}
}

// TestReadCuts: of a long file or row the first megabyte is read, in whole characters.
func TestReadCuts(t *testing.T) {
	long := "x" + strings.Repeat("é", MaxText)
	dir := filepath.Dir(filepath.Dir(file(t, "a/long", long)))
	for _, path := range []string{dir, file(t, "a.csv", "text,label\n"+long+",b\n")} {
		err := Read(path, usual, func(text Text) error {
			if len(text.Body) != MaxText-1 || string(text.Body) != long[:MaxText-1] {
				return fmt.Errorf("%d bytes", len(text.Body))
			}
			return nil
		}, nil)
		if err != nil {
			t.Error(err)
		}
	}
}

// TestLargeTable: a table is larger than the limit of a row.
func TestLargeTable(t *testing.T) {
	const size = 1 << 20
	rows := documents.MaxRow/size + 2
	path := file(t, "a.csv.zst", zstandard("text,label\n"+strings.Repeat(strings.Repeat("x", size)+",b\n", rows)))
	if all, err := texts(path, usual); err != nil || len(all) != rows {
		t.Errorf("%d rows, want %d, error %v", len(all), rows, err)
	}
}

// TestReadErrors: each is one line with the file and, of a row, the line.
func TestReadErrors(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "class")
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{file(t, "a.jsonl", "{\"text\":\"a\",\"label\":\"b\"}\nno\n"), "a.jsonl: line 2: it is not a JSON object"},
		{file(t, "a.jsonl", "[1]"), "line 1: it is a JSON array, not an object"},
		{file(t, "a.jsonl", `{"txt":"a","label":"b"}`), `line 1: it has no field "text"; did you mean "txt"? (-text-field and -label-field name them)`},
		{file(t, "a.jsonl", `{"text":"a"}`), `line 1: it has no field "label"`},
		{file(t, "a.jsonl", `{"text":1,"label":"b"}`), `line 1: field "text" is 1, not a string`},
		{file(t, "a.jsonl", `{"text":null,"label":"b"}`), `line 1: field "text" is null, not a string`},
		{file(t, "a.jsonl", `{"text":"a","label":null}`), "line 1: the label in field"},
		{file(t, "a.jsonl", `{"text":"a","label":["b"]}`), "line 1: the label in field"},
		{file(t, "a.jsonl", `{"text":"a","label":"  "}`), "line 1: its label is empty"},
		{file(t, "a.jsonl", `{"text":"a","label":"`+strings.Repeat("x", maxLabel+1)+`"}`), "line 1: its label has 1025 bytes, at most 1024 are allowed"},
		{file(t, "a.jsonl", "\n"+strings.Repeat("x", documents.MaxRow+1)), "a.jsonl: line 2 has more than 64 MiB"},
		{file(t, "a.jsonl", "null"), "line 1: it is a JSON null, not an object"},
		{file(t, "a.jsonl", "{}"), "line 1: it has no fields"},
		{file(t, "a.jsonl", "\xff\xfe{\x00}\x00"), "line 1: it is UTF-16, not UTF-8: convert the file"},
		{file(t, "a.jsonl", "{\"text\":\"caf\xe9\",\"label\":\"b\"}"), "line 1: it is not UTF-8"},
		{file(t, "a.jsonl", `{"text":"a\u0000","label":"b"}`), "line 1: byte 1 of its text is NUL"},
		{file(t, "a.jsonl", `{"text":"a\ud83d","label":"b"}`), "line 1: its text has half of a surrogate pair"},
		{file(t, "a.jsonl", `{"text":"a","label":"\ud83d"}`), "line 1: its label: its text has half of a surrogate pair"},
		{file(t, "a.csv", "\xff\xfet\x00"), "a.csv: line 1: it is UTF-16, not UTF-8: convert the file"},
		{file(t, "a.csv", "t\x00e\x00"), "a.csv: line 1: byte 1 of its text is NUL"},
		{file(t, "a.csv", "text,label\na,x\ncaf\xe9,x\n"), "a.csv: line 3: its text is not UTF-8"},
		{file(t, "a.csv", "text,label\na\x00,x\n"), "a.csv: line 2: byte 1 of its text is NUL"},
		{file(t, "a.csv", "text,label\na,x\x00\n"), `a.csv: line 2: its label x\x00 has a NUL byte`},
		{file(t, "a.csv", "text,label,text\na,x,b\n"), `a.csv: line 1: it has several columns "text"`},
		{file(t, "a.csv", ""), "a.csv: it is empty"},
		{file(t, "a.csv.gz", "text,label\n"), "a.csv.gz: its name says gzip, but its content is not"},
		{file(t, "a.jsonl.gz", gzipped(strings.Repeat("{\"text\":\"a\",\"label\":\"b\"}\n", 100))[:60]), "the compressed data is cut off"},
		{file(t, "a.txt.gz", gzipped("a")), "or in one of them and .gz or .zst"},
		{file(t, "a.csv", "a,b\n"), `line 1: it has no field "text"`},
		{file(t, "a.csv", "text,b\n"), `line 1: it has no field "label"`},
		{file(t, "a.csv", "\"text,label\n"), "a.csv: parse error on line 1"},
		{file(t, "a.csv", "text,label\n\"two\nlines\",\n"), "a.csv: line 2: its label is empty"}, // where the row begins
		{file(t, "a.csv", "text,label\na,b\na,b,c\n"), "a.csv: record on line 3: wrong number of fields"},
		{file(t, "a.csv", "text,label\na,b\n\"a,b\n"), "a.csv: parse error on line 3"},
		{file(t, "a.csv", "text,label\na,\n"), "a.csv: line 2: its label is empty"},
		{file(t, "a.csv", "text,label\na,b\xff\n"), `line 2: its label b\xff is not UTF-8`},
		{file(t, "a.csv", "text,label\na,b\n\""+strings.Repeat("x", documents.MaxRow+5000)), "a.csv: after line 2: a row has more than 64 MiB: is a quote missing?"},
		{filepath.Dir(empty), fmt.Sprintf("class has no texts that can be read (%q holds no regular files): add some or remove it", empty)},
		{file(t, "a.csv", "text,label\n\""+strings.Repeat("x", documents.MaxRow+5000)), "a.csv: after line 1: a row has more than"},
		{filepath.Dir(filepath.Dir(file(t, "b/x", "\xff"))), "no file of UTF-8 text"},
		{filepath.Dir(filepath.Dir(file(t, " /x", "a"))), "its label is empty"},
		{empty, "has no folders"},
	} {
		_, err := texts(c.path, usual)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line with %q", err, c.want)
		}
	}
	stop := errors.New("stop")
	if err := Read(file(t, "a.csv", "text,label\na,b\n"), usual, func(Text) error { return stop }, nil); !errors.Is(err, stop) {
		t.Errorf("error %v, want that of yield", err)
	}
}

// fuzz: whatever the file, every text that is read obeys the rules of the package, and an error is one line with the
// file's name.
func fuzz(t *testing.T, name string, content []byte) {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	err := Read(path, usual, func(text Text) error {
		if label, err := checkLabel(text.Label); err != nil || label != text.Label || len(text.Body) > MaxText || documents.CheckText(text.Body) != nil {
			t.Errorf("%q: %v, %d bytes", text.Label, err, len(text.Body))
		}
		return nil
	}, nil)
	if err != nil && (!strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n")) {
		t.Errorf("error %q is not one line with the name of the file", err)
	}
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte("{\"text\":\"a\",\"label\":\"\\u001b\"}\n{\"text\":\"\",\"label\":1e3}"))
	f.Add([]byte("{\"text\":{},\"label\":nul"))
	f.Fuzz(func(t *testing.T, content []byte) { fuzz(t, "a.jsonl", content) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("text,label\n\"a\nb\",c\n"))
	f.Add([]byte("label,label,text\n\"\",\r,\x00\n"))
	f.Fuzz(func(t *testing.T, content []byte) { fuzz(t, "a.csv", content) })
}
