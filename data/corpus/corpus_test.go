package corpus

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"goomtrain/data/gpt2"
	"goomtrain/data/tokenizer"
	"goomtrain/rng"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{"a.txt": "first", "b/c.txt": "second", "d.png": "\x89PNG\x00"} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o777)
		os.WriteFile(path, []byte(text), 0o666)
	}
	files, err := Find(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := Load(files, Options{Tokenizer: tokenizer.Byte{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	row := make([]int32, c.Len())
	c.Stream([]Span{{0, c.Len()}}).Copy(row, 0)
	fmt.Println(c.Documents)
	fmt.Printf("%q\n", tokenizer.Byte{}.Decode(row))
	fmt.Println(c.Notes[0])
	// Output:
	// [{a.txt 0 6} {b/c.txt 6 7}]
	// "\x00first\x00second"
	// left out 1 of 3 files: binary, with NUL bytes (the first: d.png)
}

// tree writes files below a new folder.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t testing.TB, pattern string, o Options) *Corpus {
	t.Helper()
	files, err := Find(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if o.Tokenizer == nil {
		o.Tokenizer = tokenizer.Byte{}
	}
	c, err := Load(files, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// all returns every token of a corpus.
func all(c *Corpus) []int32 {
	row := make([]int32, c.Len())
	c.Stream([]Span{{0, c.Len()}}).Copy(row, 0)
	return row
}

// TestErrors: each wrong input has one line that says what is wrong and what to do.
func TestErrors(t *testing.T) {
	dir := tree(t, map[string]string{"empty.txt": "", "bin/a": "a\x00b", "latin1.txt": "caf\xe9", "many/a": "", "many/b": "\xff", "many/c": "\x00"})
	if err := os.Mkdir(filepath.Join(dir, "nothing"), 0o777); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"missing.txt": "no file or folder",
		"*.nothing":   "no file matches",
		"[":           "syntax error in pattern",
		"nothing":     "holds no regular files",
		"empty.txt":   "is empty: name a file with text in it",
		"bin/a":       "is not text: byte 1 is NUL",
		"bin":         "is not text: byte 1 is NUL",
		"latin1.txt":  "is not UTF-8 text: byte 3 is the first that is not; convert it from the encoding that it is in (iconv -f YOUR-ENCODING -t UTF-8)",
		"many":        "none of the 3 files below",
	} {
		files, err := Find(filepath.Join(dir, pattern))
		if err == nil {
			_, err = Load(files, Options{Tokenizer: tokenizer.Byte{}})
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", pattern, err, want)
		}
	}
}

// TestScan finds text and its faults at chunk borders, against the whole file checked at once.
func TestScan(t *testing.T) {
	euro := "€" // three bytes
	for _, pad := range []int{0, 1, chunkSize - 3, chunkSize - 2, chunkSize - 1, chunkSize, chunkSize + 1, 2*chunkSize - 2} {
		for _, tail := range []string{euro, euro + "x", euro[:2], euro[:1] + "x", "\x00", "\xff", "x\xed\xa0\x80", "\xf0\x9f\x98\x80"} {
			text := strings.Repeat("a", pad) + tail
			dir := tree(t, map[string]string{"f": text})
			s, err := scanFile(File{"f", filepath.Join(dir, "f")}, nil, nil, make([]byte, chunkSize))
			if err != nil {
				t.Fatal(err)
			}
			want, bad := kept, int64(0)
			if i := strings.IndexByte(text, 0); i >= 0 {
				want, bad = binaryFile, int64(i)
			} else if !utf8.ValidString(text) {
				want = notUTF8
				for i, r := range text {
					if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
						bad = int64(i)
						break
					}
				}
			}
			if s.verdict != want || s.badByte != bad {
				t.Errorf("%d bytes and %q: verdict %d at %d, want %d at %d", pad, tail, s.verdict, s.badByte, want, bad)
			}
			if s.verdict == kept && s.size != int64(len(text)) {
				t.Errorf("%d bytes and %q: size %d", pad, tail, s.size)
			}
		}
	}
}

// randomText has words, white space of all kinds and characters of one to four bytes.
func randomText(seed uint64, size int) string {
	r, b := rng.New(seed, "text"), strings.Builder{}
	parts := []string{" ", " ", "  ", "\n", "\n\n\t", "\u00a0", "\u2003 ", "func", "x", "é", "日本", "😀", "123", "'s", "...", "ABCdef"}
	for b.Len() < size {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// TestPieces: cutting changes no token, seen against the whole text encoded at once.
func TestPieces(t *testing.T) {
	gpt, err := gpt2.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"mixed":       randomText(1, 300<<10),
		"spaces":      strings.Repeat(" ", 200<<10) + "x",
		"no ASCII":    strings.Repeat("日本", 60<<10),
		"small":       "a b",
		"piece":       strings.Repeat("word ", pieceSize/5) + "w",
		"whole piece": strings.Repeat("wo d", pieceSize/4),
	} {
		c := load(t, filepath.Join(tree(t, map[string]string{"f": text}), "f"), Options{Tokenizer: gpt, CacheDir: "off"})
		want := append([]int32{gpt.Separator()}, gpt.Encode([]byte(text))...)
		if got := all(c); !slices.Equal(got, want) {
			t.Errorf("%s: %d tokens, whole %d", name, len(got), len(want))
		}
	}
}

// TestNoPlaceToCut: over a megabyte without white space is cut between characters, and nothing is lost.
func TestNoPlaceToCut(t *testing.T) {
	text := strings.Repeat("日本語", 300<<10)
	dir := tree(t, map[string]string{"f": text})
	d := document{File: File{"f", filepath.Join(dir, "f")}}
	s, err := scanFile(d.File, nil, nil, make([]byte, chunkSize))
	if err != nil {
		t.Fatal(err)
	}
	d.size, d.sum = s.size, s.sum
	var whole []byte
	err = d.pieces(nil, func(text []byte, _ bool) bool {
		if len(text) > maxPieceSize+pieceSize || !utf8.Valid(text) {
			t.Errorf("a piece of %d bytes, valid %v", len(text), utf8.Valid(text))
		}
		whole = append(whole, text...)
		return true
	})
	if err != nil || string(whole) != text {
		t.Errorf("%d bytes of %d, %v", len(whole), len(text), err)
	}
}

// broken is a tokenizer with a fault.
type broken struct {
	tokenizer.Byte
	encode func(text []byte) []int32
}

func (b broken) Encode(text []byte) []int32 { return b.encode(text) }

func TestBrokenTokenizer(t *testing.T) {
	dir := tree(t, map[string]string{"a": randomText(2, 1<<20), "b": "x"})
	files, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	for want, encode := range map[string]func([]byte) []int32{
		"gives token 256, but its vocabulary has 256": func([]byte) []int32 { return []int32{256} },
		"gives token -1":     func([]byte) []int32 { return []int32{-1} },
		"fails: out of luck": func([]byte) []int32 { panic("out of luck") },
	} {
		for _, cache := range []string{"off", t.TempDir()} {
			if _, err := Load(files, Options{Tokenizer: broken{encode: encode}, CacheDir: cache}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	}
}

func TestFileChangedWhileRead(t *testing.T) {
	dir := tree(t, map[string]string{"a": "old"})
	d := document{File: File{"a", filepath.Join(dir, "a")}, size: 3}
	_, err := encodeTo(new(bytes.Buffer), []document{d}, Options{Tokenizer: tokenizer.Byte{}})
	if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("error %v", err)
	}
}

// TestHash: contents, order and the names of several files count, the name of a single one and the place on disk do
// not.
func TestHash(t *testing.T) {
	base := map[string]string{"a": "1", "b": "2"}
	hash := func(files map[string]string) string { return load(t, tree(t, files), Options{}).Hash }
	want := hash(base)
	if got := hash(base); got != want {
		t.Error("the same files in another folder have another hash")
	}
	if hash(map[string]string{"a": "1"}) != hash(map[string]string{"b": "1"}) {
		t.Error("a single file under another name has another hash")
	}
	for _, other := range []map[string]string{{"a": "2", "b": "1"}, {"a": "1", "c": "2"}, {"a": "12", "b": ""}, {"a": "1"}, {"a": "1", "b": "2 "}} {
		if hash(other) == want {
			t.Errorf("%v has the hash of %v", other, base)
		}
	}
}

// TestStream compares with the slices of a plain row.
func TestStream(t *testing.T) {
	c := load(t, tree(t, map[string]string{"a": "abcdefgh", "b": "ijk", "c": "l"}), Options{})
	row := all(c)
	spans := []Span{{9, 4}, {3, 0}, {0, 5}, {13, 2}, {7, 1}}
	var want []int32
	for _, s := range spans {
		want = append(want, row[s.Start:s.Start+s.Len]...)
	}
	s := c.Stream(spans)
	if s.Len() != len(want) {
		t.Fatalf("%d tokens, want %d", s.Len(), len(want))
	}
	for at := range len(want) + 1 {
		for n := range len(want) - at + 1 {
			got := make([]int32, n)
			s.Copy(got, at)
			if !slices.Equal(got, want[at:at+n]) {
				t.Fatalf("tokens %d to %d are %v, want %v", at, at+n, got, want[at:at+n])
			}
		}
	}
	if empty := c.Stream(nil); empty.Len() != 0 {
		t.Errorf("an empty stream has %d tokens", empty.Len())
	}
	for name, call := range map[string]func(){
		"span {Start:14 Len:2} of a corpus of 15": func() { c.Stream([]Span{{14, 2}}) },
		"tokens 10 to 13 of a stream of 12":       func() { s.Copy(make([]int32, 3), 10) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), name) {
					t.Errorf("recovered %v, want %q", r, name)
				}
			}()
			call()
		}()
	}
}

func TestTokenWidths(t *testing.T) {
	for _, vocab := range []int{2, 256, 257, 65536, 65537, 1 << 30} {
		width, want := tokenWidth(vocab), []int32{0, 1, int32(vocab) - 1}
		var data []byte
		for _, token := range want {
			data = appendToken(data, token, width)
		}
		row, got := tokens{data, width}, make([]int32, 3)
		row.copy(got, 0)
		if !slices.Equal(got, want) || row.len() != 3 {
			t.Errorf("vocabulary %d: %v came back as %v", vocab, want, got)
		}
	}
}

// TestGoSources reads the real ones: tens of megabytes, hand-written, in order.
func TestGoSources(t *testing.T) {
	files, err := GoSources()
	if err != nil {
		t.Fatal(err)
	}
	list := names(files)
	for _, name := range []string{"fmt/print.go", "unicode/tables.go", "runtime/proc.go"} {
		if !slices.Contains(list, name) {
			t.Errorf("%s is missing", name)
		}
	}
	if len(list) < 2000 || !slices.IsSorted(list) {
		t.Errorf("%d files, sorted %v", len(list), slices.IsSorted(list))
	}
	for _, name := range list {
		if strings.HasPrefix(name, "cmd/") || strings.Contains("/"+name, "/testdata/") || !strings.HasSuffix(name, ".go") {
			t.Errorf("%s does not belong here", name)
		}
	}
	for name, want := range map[string]bool{"fmt/print.go": true, "unicode/tables.go": false} {
		i := slices.Index(list, name)
		if i < 0 {
			continue // said above
		}
		text, err := os.ReadFile(files[i].Path)
		if err != nil {
			t.Fatal(err)
		}
		if got := HandWritten(files[i], text[:headSize]); got != want {
			t.Errorf("%s: hand-written %v", name, got)
		}
	}
}

func TestHandWritten(t *testing.T) {
	for text, want := range map[string]bool{
		"package a\n": true,
		"// Code generated by x. DO NOT EDIT.\n\npackage a\n":              false,
		"// Copyright\n\n// Code generated by x. DO NOT EDIT.\r\n":         false,
		"// Code generated by x. DO NOT EDIT.":                             false,
		"package a\n// Code generated by x. DO NOT EDIT.\n":                true,
		"// says: Code generated by x. DO NOT EDIT.\npackage a\n":          true,
		"// a\npackage a\nvar s = `\n// Code generated x. DO NOT EDIT.\n`": true,
		"": true,
	} {
		if got := HandWritten(File{}, []byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestRepeatsAreKeptOnRequest: Options.Repeats keeps files of equal content.
func TestRepeatsAreKeptOnRequest(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "b.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("the same text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	for repeats, want := range map[bool]int{false: 1, true: 2} {
		c, err := Load(files, Options{Tokenizer: tokenizer.Byte{}, CacheDir: "off", Repeats: repeats})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Documents) != want || (len(c.Notes) == 0) != repeats {
			t.Errorf("Repeats %v: %d documents, notes %q", repeats, len(c.Documents), c.Notes)
		}
		c.Close()
	}
}
