package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"goomtrain/data/tokenizer"
)

// jsonl writes texts as rows.
func jsonl(texts ...string) string {
	var b strings.Builder
	for i, text := range texts {
		line, err := json.Marshal(map[string]any{"n": i, "text": text})
		if err != nil {
			panic(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

func decoded(c *Corpus) string { return string(tokenizer.Byte{}.Decode(all(c))) }

// TestRows: a folder of several kinds of files; each row is a text, its separator first.
func TestRows(t *testing.T) {
	table, err := os.ReadFile("../documents/testdata/rust.zstd.parquet")
	if err != nil {
		t.Fatal(err)
	}
	dir := tree(t, map[string]string{
		"a.jsonl": jsonl("one", "", "two"), "b.txt": "text", "c.txt.gz": gzipped("packed"), "d.tar.gz": gzipped("a\x00b"),
		"e.ndjson.gz": gzipped(jsonl("three", "three")), "f.parquet": string(table),
	})
	c := load(t, dir, Options{SkipBad: 8})
	want := "\x00one\x00two\x00text\x00packed\x00three\x00three\x00row 0: plain\x00row 1: naïve\x00row 2: 日本語\x00row 4: plain"
	if got := decoded(c); !strings.HasPrefix(got, want) || strings.Count(got, "\x00") != 6+32 || c.Texts() != 6+32 {
		t.Errorf("%d texts: %q", c.Texts(), got)
	}
	if c.Bytes != int64(c.Len()-c.Texts()) {
		t.Errorf("%d bytes of text, %d tokens", c.Bytes, c.Len())
	}
	rows := c.Rows(3) // d.tar.gz is left out
	if len(rows) != 2 || rows[0] != rows[1] || rows[0].Len != 6 || c.Rows(1) != nil || c.Rows(0)[0].ID == c.Rows(0)[1].ID {
		t.Errorf("rows %v, %v", rows, c.Rows(0))
	}
	if len(c.Notes) != 2 || !strings.Contains(c.Notes[0], "binary, with NUL bytes (the first: d.tar.gz)") ||
		c.Notes[1] != `left out 8 rows without a text, the first: f.parquet, row 4: column "text" is null` || c.Skipped != 8 {
		t.Errorf("notes %q", c.Notes)
	}
}

// TestContentsOfRows: a file counts once, compressed or not; another field is another text; a file of rows is not the
// text of its lines.
func TestContentsOfRows(t *testing.T) {
	rows := `{"text":"a","other":"b"}` + "\n"
	zst, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := tree(t, map[string]string{"a.jsonl": rows, "b.jsonl.gz": gzipped(rows), "c.jsonl.zst": string(zst.EncodeAll([]byte(rows), nil)), "d.txt": rows})
	c := load(t, dir, Options{})
	if got := documentNames(c); !slices.Equal(got, []string{"a.jsonl", "d.txt"}) || len(c.Notes) != 1 {
		t.Errorf("documents %q, notes %q", got, c.Notes)
	}
	one := load(t, filepath.Join(dir, "a.jsonl"), Options{})
	if load(t, filepath.Join(dir, "b.jsonl.gz"), Options{}).Hash != one.Hash {
		t.Error("compression changes the hash")
	}
	other := load(t, filepath.Join(dir, "a.jsonl"), Options{Field: "other"})
	if other.Hash == one.Hash || decoded(other) != "\x00b" || load(t, filepath.Join(dir, "d.txt"), Options{}).Hash == one.Hash {
		t.Error("another field or layout has the same hash")
	}
	known := map[Content]string{}
	load(t, filepath.Join(dir, "a.jsonl"), Options{Known: known})
	files, err := Find(filepath.Join(dir, "b.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(files, Options{Tokenizer: tokenizer.Byte{}, Known: known}); err == nil || err.Error() != "b.jsonl.gz, which has the text of a.jsonl: name each text once" {
		t.Errorf("a text of another corpus: %v", err)
	}
}

// TestLinkWithASuffix: a link has the format that its own name tells, as in caches whose files are named by hashes.
func TestLinkWithASuffix(t *testing.T) {
	dir := tree(t, map[string]string{"blob": jsonl("one", "two")})
	link := filepath.Join(dir, "train.jsonl")
	if err := os.Symlink("blob", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if c := load(t, link, Options{}); decoded(c) != "\x00one\x00two" {
		t.Errorf("%q", decoded(c))
	}
}

// TestBadRows: an error names file and line; SkipBad rows are left out with a note, with a cache and without.
func TestBadRows(t *testing.T) {
	var lines []string
	for i := range 3000 {
		lines = append(lines, jsonl(fmt.Sprintf("row %d of some hundred bytes: %s", i, strings.Repeat("x", 400))))
	}
	lines[16], lines[2500] = "{\"text\":7}\n", "{\"text\": \x1b[2J\n"
	dir := tree(t, map[string]string{"train.jsonl": strings.Join(lines, "")})
	path := filepath.Join(dir, "train.jsonl")
	files, err := Find(path)
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	const first = `train.jsonl, line 17: field "text" is 7, not a string`
	for _, folder := range []string{"off", cache, cache} {
		for skip, want := range []string{first + " (-skip-bad-rows N leaves out up to N such rows)", "train.jsonl, line 2501: it is not a JSON object", ""} {
			c, err := Load(files, Options{Tokenizer: tokenizer.Byte{}, CacheDir: folder, SkipBad: skip})
			if want == "" {
				if err != nil || c.Texts() != 2998 || len(c.Notes) != 1 || c.Notes[0] != "left out 2 rows without a text, the first: "+first {
					t.Fatalf("%d bad rows: %v, %+v", skip, err, c)
				}
				c.Close()
				continue
			}
			cached := "2 rows without a text, the first: " + first + " (-skip-bad-rows 2 leaves them out)"
			if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, want)) && err.Error() != cached {
				t.Errorf("%d bad rows: error %v, want %q", skip, err, want)
			}
		}
	}
	if len(cacheFiles(t, cache)) != 1 {
		t.Errorf("cache holds %v", cacheFiles(t, cache))
	}
}

// TestRowsChangedWhileRead: rows that are not those that were scanned are an error.
func TestRowsChangedWhileRead(t *testing.T) {
	path := filepath.Join(tree(t, map[string]string{"a.jsonl": jsonl("one")}), "a.jsonl")
	for _, c := range []struct{ path, field string }{{path, "text"}, {"../documents/testdata/datapage_v2.snappy.parquet", "a"}} {
		file := File{filepath.Base(c.path), c.path}
		found, err := scan([]File{file}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := document{file, found[0].format, found[0].size, found[0].content(c.field)}
		o := Options{Tokenizer: tokenizer.Byte{}, Field: c.field, SkipBad: 1}
		if _, err := encodeTo(new(bytes.Buffer), []document{d}, o); err != nil {
			t.Error(err)
		}
		d.sum[0]++
		if _, err := encodeTo(new(bytes.Buffer), []document{d}, o); err == nil || !strings.HasPrefix(err.Error(), c.path+": the file was changed") {
			t.Errorf("%s: error %v", c.path, err)
		}
	}
}

// TestRowErrors: errors of a whole file name it.
func TestRowErrors(t *testing.T) {
	long := gzipped(strings.Repeat(jsonl("some text"), 1000))
	for name, c := range map[string]struct{ content, want string }{
		"a.jsonl":       {jsonl("", ""), "a.jsonl has no row with a text"},
		"empty.jsonl":   {"", "empty.jsonl is empty: name a file with text in it"},
		"cut.jsonl.gz":  {long[:len(long)-9], "cut.jsonl.gz: the compressed data is cut off"},
		"a.parquet":     {"PAR1 and so on, PAR0", "a.parquet: the Parquet file is cut off"},
		"packed":        {gzipped("x"), "packed is not text; it looks like gzip: give it a name that ends in .gz"},
		"packed.txt.gz": {"plain", "packed.txt.gz: its name says gzip, but its content is not"},
	} {
		path := filepath.Join(tree(t, map[string]string{name: c.content}), name)
		files, err := Find(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(files, Options{Tokenizer: tokenizer.Byte{}}); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestCachedRows: rows from memory, from a fresh cache and from an old one are the same, long ones too, and a damaged
// cache is written again.
func TestCachedRows(t *testing.T) {
	texts := []string{"first", randomText(5, 3*pieceSize), "", strings.Repeat("x", maxPieceSize+10), "last"}
	for i := range 2000 {
		texts = append(texts, randomText(uint64(i), 20))
	}
	path := filepath.Join(tree(t, map[string]string{"a.jsonl": jsonl(texts...)}), "a.jsonl")
	cache := t.TempDir()
	want := load(t, path, Options{CacheDir: "off"})
	if got := decoded(want); got != "\x00"+strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), "\x00") {
		t.Errorf("%d bytes of text", len(got))
	}
	same := func(what string, notes int) {
		got := load(t, path, Options{CacheDir: cache})
		if !slices.Equal(all(got), all(want)) || !slices.Equal(got.Rows(0), want.Rows(0)) || got.Bytes != want.Bytes || got.Hash != want.Hash || len(got.Notes) != notes {
			t.Errorf("%s: %d tokens, %d rows, %d bytes, notes %q", what, got.Len(), got.Texts(), got.Bytes, got.Notes)
		}
	}
	same("fresh", 0)
	same("old", 0)
	file := cacheFiles(t, cache)[0]
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, want.Len(), want.Len() + 1, len(good) - footerSize - 1, len(good) - footerSize + 40, len(good) - 1} {
		bad := bytes.Clone(good)
		bad[at] ^= 0x10
		if err := os.WriteFile(file, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		same(fmt.Sprint("byte ", at), 1)
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, good) {
			t.Errorf("byte %d: the cache is not whole again (%v)", at, err)
		}
	}
}

// FuzzIndex: an index that is read from any bytes has rows for all tokens, and is written as it was read.
func FuzzIndex(f *testing.F) {
	x := index{[]indexed{{tokens: 3, bytes: 2}, {tokens: 5, bytes: 3, rows: []Row{{1, 2}, {1 << 63, 3}}}}, skipped{2, "a.jsonl, line 3"}}
	f.Add(x.append(nil), uint64(8))
	f.Add([]byte("\x00\x00\x00\x00\x01\x00\x00"), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, total uint64) {
		got := index{documents: []indexed{{}, {rows: []Row{}}}}
		if total > 1<<40 || got.read(b, total) != nil {
			return
		}
		sum := got.documents[0].tokens
		for _, r := range got.documents[1].rows {
			sum += r.Len
		}
		if uint64(sum) != total || sum != got.documents[0].tokens+got.documents[1].tokens {
			t.Errorf("%+v has %d of %d tokens", got, sum, total)
		}
		again := index{documents: []indexed{{}, {rows: []Row{}}}}
		if err := again.read(got.append(nil), total); err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("%+v came back as %+v, %v", got, again, err)
		}
	})
}

// TestProgress: the bytes of all files are reported, of both passes, and never more.
func TestProgress(t *testing.T) {
	dir := tree(t, map[string]string{"a.jsonl.gz": gzipped(jsonl(randomText(1, 1<<20))), "b.txt": randomText(2, 1<<20)})
	last := map[string]int64{}
	var total int64
	load(t, dir, Options{CacheDir: "off", Progress: func(what string, done, all int64) {
		if done < last[what] || done > all {
			t.Errorf("%s: %d of %d after %d", what, done, all, last[what])
		}
		last[what], total = done, all
	}})
	if len(last) != 2 || last["reading"] != total || last["tokenizing"] != total || total < 1<<20 {
		t.Errorf("%v of %d", last, total)
	}
}
