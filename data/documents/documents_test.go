package documents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// write writes a file to a new folder.
func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.Bytes()
}

func zstandard(text string) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll([]byte(text), nil)
}

// rows reads the rows of a file: "NUMBER TEXT" or "NUMBER! ERROR" for each.
func rows(path, field string) (list []string, err error) {
	f, err := Open(path, FormatOf(path), nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = f.Rows(field, io.Discard, func(r Row) error {
		if r.Err != nil {
			list = append(list, fmt.Sprintf("%d! %v", r.Number, r.Err))
		} else {
			list = append(list, fmt.Sprintf("%d %s", r.Number, r.Text))
		}
		return nil
	})
	return list, err
}

// TestMembers: compressed files may have several members, and of zstd frames that hold no text, first or between.
func TestMembers(t *testing.T) {
	skipped := "\x5a\x2a\x4d\x18\x03\x00\x00\x00abc"
	row := func(text string) string { return fmt.Sprintf("{\"text\": %q}\n", text) }
	for name, content := range map[string]string{
		"a.jsonl.gz":  string(gzipped(row("one"))) + string(gzipped(row("two"))),
		"a.jsonl.zst": string(zstandard(row("one"))) + string(zstandard(row("two"))),
		"b.jsonl.zst": skipped + string(zstandard(row("one"))) + skipped + string(zstandard(row("two"))),
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := rows(path, "text"); err != nil || fmt.Sprint(got) != "[1 one 2 two]" {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{
		"a": {}, "a.txt": {Suffix: ".txt"}, "a.json": {Suffix: ".json"}, "dir.jsonl/a": {},
		"a.jsonl": {JSONL, Plain, ".jsonl"}, "A.NDJSON": {JSONL, Plain, ".ndjson"}, "a.parquet": {Parquet, Plain, ".parquet"},
		"a.gz": {Compression: Gzip}, "a.txt.gz": {Text, Gzip, ".txt"}, "a.jsonl.zst": {JSONL, Zstd, ".jsonl"}, "a.csv.zst": {Text, Zstd, ".csv"},
	} {
		if got := FormatOf(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestJSONL reads lines as Python's json.dumps, JSON.stringify and others write them.
func TestJSONL(t *testing.T) {
	const text = "\xef\xbb\xbf" + `{"id": 1, "text": "na\u00efve \ud83d\ude00 \"q\"\n"}` + "\r\n\n" +
		`{"text":"日本","message":{"content":"inner","message.x":1},"message.content":"whole name"}` + "\n" +
		`  {"message":{"content":"only"},"text":""}  ` + "\n" + `{"Text": "other case", "text": "last without a line end"}`
	want := []string{"1 naïve 😀 \"q\"\n", "3 日本", "4 ", "5 last without a line end"}
	for name, content := range map[string][]byte{"a.jsonl": []byte(text), "a.ndjson.gz": gzipped(text), "a.jsonl.zst": zstandard(text),
		"two.jsonl.gz": slices.Concat(gzipped(text[:50]), gzipped(text[50:]))} {
		if got, err := rows(write(t, name, content), "text"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
	got, err := rows(write(t, "a.jsonl", []byte(text)), "message.content")
	if want := []string{`1! it has no field "message.content"; valid names: id, text`, "3 whole name", "4 only", `5! it has no field "message.content"; valid names: Text, text`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("nested: %q, error %v", got, err)
	}
}

func TestBadRows(t *testing.T) {
	for line, want := range map[string]string{
		`{"text": 3}`:                    `field "text" is 3, not a string`,
		`{"text": null}`:                 `field "text" is null, not a string`,
		`{"text": ["a"]}`:                `field "text" is ["a"], not a string`,
		`{"txt": "a"}`:                   `it has no field "text"; did you mean "txt"?`,
		`{"text": "a"`:                   "it is not a JSON object: unexpected end of JSON input",
		`{"text": "a"} x`:                "it is not a JSON object: invalid character 'x' after top-level value",
		`["a"]`:                          "it is a JSON array, not an object",
		`"a"`:                            "it is a JSON string, not an object",
		`null`:                           "it is a JSON null, not an object",
		"{\"text\": \"caf\xe9\"}":        "it is not UTF-8",
		"\xff\xfe{\x00}\x00":             "it is UTF-16, not UTF-8: convert the file (iconv -f UTF-16 -t UTF-8)",
		`{"text": "ab\u0000"}`:           "byte 2 of its text is NUL",
		"{\"text\": \"\x1b[2J\"}":        "it is not a JSON object: invalid character '\\x1b' in string literal",
		`{"text": "a\ud83d"}`:            "its text has half of a surrogate pair, which is no character",
		`{"text": "\ud83d \ude00"}`:      "its text has half of a surrogate pair, which is no character",
		`{"text": "\ude00\ud83d"}`:       "its text has half of a surrogate pair, which is no character",
		`{"text": "\ud83d\ud83d\ude00"}`: "its text has half of a surrogate pair, which is no character",
		`{"text": {"text": "in"}}`:       `field "text" is {"text": "in"}, not a string`,
	} {
		got, err := rows(write(t, "a.jsonl", []byte("\n"+line+"\n"+`{"text":"good"}`)), "text")
		if err != nil || !slices.Equal(got, []string{"2! " + want, "3 good"}) {
			t.Errorf("%s: %q, error %v, want %q", line, got, err, want)
		}
	}
}

// TestReplacementCharacters: U+FFFD is a character like others, and a backslash before ud83d is one.
func TestReplacementCharacters(t *testing.T) {
	line := `{"text": "\ufffd \\ud83d \ud83d\ude00 �"}`
	if got, err := rows(write(t, "a.jsonl", []byte(line)), "text"); err != nil || !slices.Equal(got, []string{`1 � \ud83d 😀 �`}) {
		t.Errorf("%q, error %v", got, err)
	}
}

// TestBatches: rows come in order with their lines, however many are parsed at once and however long they are.
func TestBatches(t *testing.T) {
	var text strings.Builder
	var want []string
	for i := 1; text.Len() < 12*batchSize; i++ {
		switch {
		case i%7 == 0:
			text.WriteString("\n")
			continue
		case i == 500 || i == 501:
			long := strings.Repeat("x", largeSize)
			fmt.Fprintf(&text, "{\"text\":%q}\n", long)
			want = append(want, fmt.Sprintf("%d %s", i, long))
			continue
		case i == 3000:
			text.WriteString("{}\n")
			want = append(want, "3000! it has no fields")
			continue
		}
		fmt.Fprintf(&text, "{\"text\":\"row %d of %s\"}\n", i, strings.Repeat("many ", i%40))
		want = append(want, fmt.Sprintf("%d row %d of %s", i, i, strings.Repeat("many ", i%40)))
	}
	got, err := rows(write(t, "a.jsonl", []byte(text.String())), "text")
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d rows, expected %d, error %v", len(got), len(want), err)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%.100q, expected %.100q", got[i], want[i])
		}
	}
}

// TestYieldErrorStopsReader: after an error of yield nothing reads the file any more.
func TestYieldErrorStopsReader(t *testing.T) {
	text, stop := strings.Repeat("{\"text\":\"a\"}\n", 1<<16), errors.New("stop")
	for range 10 {
		in := &reads{in: strings.NewReader(text)}
		if err := readJSONL(in, "text", func(Row) error { return stop }); err != stop {
			t.Fatalf("error %v", err)
		}
		before := in.count // the race detector sees a reader that goes on
		runtime.Gosched()
		if in.count != before {
			t.Fatal("the file was read after the end")
		}
	}
}

// TestFirstError: an error of yield comes before one of the file further on.
func TestFirstError(t *testing.T) {
	for _, want := range []string{"stop", "line 2: broken"} {
		in := io.MultiReader(strings.NewReader("{\"text\":\"a\"}\n"), iotest.ErrReader(errors.New("broken")))
		err := readJSONL(in, "text", func(Row) error {
			if want == "stop" {
				return errors.New(want)
			}
			return nil
		})
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// reads counts the reads of a text.
type reads struct {
	in    io.Reader
	count int
}

func (r *reads) Read(p []byte) (int, error) {
	r.count++
	return r.in.Read(p)
}

// TestLongRows: a line of more than MaxRow bytes is an error that has its number, without reading on.
func TestLongRows(t *testing.T) {
	long := io.MultiReader(strings.NewReader("{\"text\":\"a\"}\n{\"text\":\""), &endless{})
	err := readJSONL(long, "text", func(Row) error { return nil })
	if err == nil || err.Error() != "line 2 has more than 64 MiB: split it into several documents" {
		t.Errorf("error %v", err)
	}
}

// endless is text without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestYieldErrorEndsReading(t *testing.T) {
	stop := errors.New("stop")
	for _, path := range []string{write(t, "a.jsonl", []byte("{\"text\":\"a\"}\n{\"text\":\"b\"}")), "testdata/rust.gzip.parquet"} {
		f, err := Open(path, FormatOf(path), nil)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		err = f.Rows("text", io.Discard, func(Row) error { calls++; return stop })
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%s: error %v after %d calls", path, err, calls)
		}
		f.Close()
	}
}

// TestNames: where the name of a file and its content disagree, the error says what it is.
func TestNames(t *testing.T) {
	table, err := os.ReadFile("testdata/rust.zstd.parquet")
	if err != nil {
		t.Fatal(err)
	}
	long := gzipped(strings.Repeat("some text ", 1000))
	for _, c := range []struct {
		name    string
		content []byte
		want    string // of opening or reading it whole
	}{
		{"a.txt", []byte("PAR1 is text too"), ""},
		{"a.jsonl", nil, ""},
		{"a.jsonl.gz", gzipped(""), ""},
		{"a.txt.zst", zstandard("x"), ""},
		{"a.jsonl", gzipped("{}"), "its name says plain JSONL, but its content is gzip: give it a name that ends in .gz"},
		{"a.jsonl", table, "its name says plain JSONL, but its content is Parquet: give it a name that ends in .parquet"},
		{"a.txt.gz", []byte("text"), "its name says gzip, but its content is not: rename the file after what it holds"},
		{"a.txt.gz", nil, "it has no bytes, not even those of an empty gzip file: get the whole file again, or remove it"},
		{"a.txt.zst", gzipped("x"), "its name says zstd, but its content is gzip: give it a name that ends in .gz"},
		{"a.parquet", []byte("{}"), "its name says Parquet, but its content is not"},
		{"a.parquet", nil, "it has no bytes"},
		{"a.parquet.gz", gzipped("x"), "Parquet files compress their own pages: decompress the file"},
		{"a.txt.gz", long[:len(long)-1], "the compressed data is cut off: get the whole file again"},
		{"a.txt.gz", long[:5], "the compressed data is cut off"},
		{"a.txt.gz", append(slices.Clone(long[:30]), 'x', 'y', 'z', 0, 0, 0, 1, 2, 3), "the compressed data is"},
		{"a.txt.zst", zstandard(strings.Repeat("some text ", 1000))[:20], "the compressed data is cut off"},
		// a frame with a window of 2 GiB (RFC 8878, 3.1.1.1.2: exponent 21)
		{"a.txt.zst", []byte("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00"), "it needs a window of more than 128 MiB"},
	} {
		path := write(t, c.name, c.content)
		f, err := Open(path, FormatOf(path), nil)
		if err == nil {
			_, err = io.ReadAll(f)
			f.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(strings.TrimPrefix(err.Error(), path+": "), c.want) {
			t.Errorf("%s of %d bytes: error %v, want %q", c.name, len(c.content), err, c.want)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: io.ReadFull takes %v for an end", c.name, err)
		}
	}
}

// TestForeignParquet reads files that other programs made.
func TestForeignParquet(t *testing.T) {
	greetings := func(null bool) (list []string) {
		for i := range 40 {
			if null && i%5 == 3 {
				list = append(list, fmt.Sprintf(`%d! column "text" is null`, i+1))
			} else if null {
				list = append(list, fmt.Sprintf("%d row %d: %s", i+1, i, []string{"plain", "naïve", "日本語", "😀 smile"}[i%4]))
			} else {
				list = append(list, fmt.Sprintf("%d message %d", i+1, i))
			}
		}
		return list
	}
	for _, c := range []struct {
		file, field string
		want        []string
	}{
		{"rust.gzip", "text", greetings(true)},
		{"rust.gzip", "message.content", greetings(false)},
		{"rust.zstd", "text", greetings(true)},
		{"rust.zstd", "message.content", greetings(false)},
		{"alltypes_dictionary", "date_string_col", []string{"1 01/01/09", "2 01/01/09"}},
		{"alltypes_dictionary", "string_col", []string{"1 0", "2 1"}},
		{"datapage_v2.snappy", "a", []string{"1 abc", "2 abc", "3 abc", `4! column "a" is null`, "5 abc"}},
	} {
		if got, err := rows("testdata/"+c.file+".parquet", c.field); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: %q, error %v", c.file, c.field, got, err)
		}
	}
	for _, c := range []struct{ file, field, want string }{
		{"rust.zstd", "txt", `it has no column "txt"; did you mean "text"?; its columns are id, text, message (-text-field names one)`},
		{"rust.zstd", "message", `column "message" is a group of columns: name one of them, as in message.`},
		{"rust.zstd", "message.x", `it has no column "message.x"`},
		{"rust.zstd", "text.x", `it has no column "text.x"`},
		{"rust.zstd", "", `it has no column ""`},
		{"rust.zstd", "id", `column "id" is of type INT32, not of strings`},
		{"datapage_v2.snappy", "e.list.element", `column "e.list.element" is a list`},
	} {
		if _, err := rows("testdata/"+c.file+".parquet", c.field); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s, %s: error %v, want %q", c.file, c.field, err, c.want)
		}
	}
}

type record struct {
	Text string `parquet:"text"`
}

// table writes a Parquet file of one column.
func table(t testing.TB, texts []string, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[record](&b, options...)
	for _, text := range texts {
		if _, err := w.Write([]record{{text}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestParquetPages reads more rows than a page or a buffer holds.
func TestParquetPages(t *testing.T) {
	var texts, want []string
	for i := range 3000 {
		texts = append(texts, fmt.Sprintf("text %d", i))
		want = append(want, fmt.Sprintf("%d text %d", i+1, i))
	}
	path := write(t, "a.parquet", table(t, texts, parquet.PageBufferSize(1000), parquet.MaxRowsPerRowGroup(700), parquet.Compression(&parquet.Snappy)))
	if got, err := rows(path, "text"); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d rows, error %v", len(got), err)
	}
}

// TestDamagedParquet cuts and changes a file everywhere: reading it ends, and neither panics nor allocates much.
func TestDamagedParquet(t *testing.T) {
	good, err := os.ReadFile("testdata/datapage_v2.snappy.parquet")
	if err != nil {
		t.Fatal(err)
	}
	read := func(file []byte) (n int, err error) {
		err = readParquet(bytes.NewReader(file), int64(len(file)), "a", func(Row) error { n++; return nil })
		return n, err
	}
	for n := range good {
		if _, err := read(good[:n]); err == nil {
			t.Errorf("%d of %d bytes are read", n, len(good))
		}
	}
	var before, after runtime.MemStats
	var messages strings.Builder
	for i := range good {
		for _, x := range []byte{1, 2, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[i] ^= x
			runtime.ReadMemStats(&before)
			n, err := read(bad)
			fmt.Fprintln(&messages, err)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 600<<20 || n > 100 {
				t.Errorf("byte %d ^ %x: %d rows, %d MB", i, x, n, used>>20)
			}
		}
	}
	for _, want := range []string{"a group has 5 rows, expected ", "its description has ", "a page of 9 bytes, 7 decompressed, with 1 values, where 6 are left"} {
		if !strings.Contains(messages.String(), want) {
			t.Errorf("no change gives %q", want)
		}
	}
}

// TestParquetBombs: a page that decompresses to more than is allocated is an error before the reader of the format sees
// it, whether its header says so or not.
func TestParquetBombs(t *testing.T) {
	defer func(before int64) { maxPage = before }(maxPage)
	maxPage = 1 << 20
	for _, codec := range []compress.Codec{&parquet.Zstd, &parquet.Gzip, &parquet.Snappy} {
		for size, want := range map[int64]string{maxPage: "", maxPage + 1: "a page decompresses to more than 1 MiB"} {
			packed, err := codec.Encode(nil, make([]byte, size))
			if err != nil {
				t.Fatal(err)
			}
			page, err := unpack(codec.CompressionCodec(), packed)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || err == nil && int64(len(page)) != size {
				t.Errorf("%s: %d bytes: error %v, want %q", codec, size, err, want)
			}
		}
		file := table(t, []string{strings.Repeat("x", 2<<20)}, parquet.Compression(codec), parquet.SkipPageBounds("text"))
		err := readParquet(bytes.NewReader(file), int64(len(file)), "text", func(Row) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "after row 0: the Parquet file is damaged: a page of ") {
			t.Errorf("%s: error %v", codec, err)
		}
	}
	for name, codec := range map[string]compress.Codec{"LZ4_RAW": &parquet.Lz4Raw, "BROTLI": &parquet.Brotli} {
		file := table(t, []string{"a"}, parquet.Compression(codec))
		err := readParquet(bytes.NewReader(file), int64(len(file)), "text", func(Row) error { return nil })
		if want := "its column is compressed with " + name + ": write it with Zstandard, Snappy or gzip"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestFooterBounds: a description that claims more than it has is an error before it is read.
func TestFooterBounds(t *testing.T) {
	for footer, want := range map[string]string{
		"\x29\xfc\xff\xff\xff\xff\x0f": "a list of 4294967295 items in 0 bytes",
		"\x18\x80\x80\x80\x80\x04":     "it is not well formed", // a text of 2^30 bytes
		strings.Repeat("\x1c", 1000):   "it is not well formed", // structures in structures
		"\x1b\x01\x55\x00\x00\x00":     "it is not well formed", // a map
		"\x15\x02":                     "it is not well formed", // no end
	} {
		file := "PAR1" + footer + string(binary.LittleEndian.AppendUint32(nil, uint32(len(footer)))) + "PAR1"
		if err := checkFooter(strings.NewReader(file), int64(len(file))); err == nil || err.Error() != "the Parquet file is damaged: its description: "+want {
			t.Errorf("%x: error %v", footer, err)
		}
	}
	if err := checkFooter(strings.NewReader("PAR1\x00\x02\x00\x00\x00PAR1"), 13); err == nil || err.Error() != "the Parquet file is damaged: its description has 2 bytes of 13" {
		t.Errorf("longer than the file: %v", err)
	}
}
