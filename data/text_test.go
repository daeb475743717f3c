package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer"
)

// TestTextWindows: each window is a stretch of the documents of its side, targets are the inputs one on,
// and all of validation is covered without overlap.
func TestTextWindows(t *testing.T) {
	dir := textFolder(t)
	for _, tok := range []string{"byte", "gpt2"} {
		d := open(t, Config{Name: "text", Seq: 16, Task: &Text{Data: dir, Tokenizer: tok, ValidFraction: 0.3}}, 5)
		c, trainSpans, validSpans := divide(t, dir, d.Tokenizer, 0.3, 5, 17)
		train, valid := rowOf(c, trainSpans), rowOf(c, validSpans)
		if len(train)+len(valid) != c.Len() {
			t.Fatalf("%d and %d of %d tokens", len(train), len(valid), c.Len())
		}
		starts := map[int]int{}
		for range 2000 {
			b := next(t, d.Train, 1)
			if !slices.Equal(b.Inputs[1:], b.Targets[:15]) {
				t.Fatal("targets are not the inputs one on")
			}
			window := append(slices.Clone(b.Inputs), b.Targets[15])
			at := index(train, window)
			if at < 0 {
				t.Fatalf("%s: window %q is not in the training text", tok, d.Tokenizer.Decode(window))
			}
			starts[at*10/len(train)]++
		}
		for tenth := range 10 { // 200 of 2000 each, standard deviation 13
			if n := starts[tenth]; n < 120 || n > 280 {
				t.Errorf("%s: %d of 2000 windows start in tenth %d", tok, n, tenth)
			}
		}
		inputs, sequences := drain(t, d.Valid[0])
		if want := (len(valid) - 1) / 16; sequences != want {
			t.Errorf("%s: %d validation windows, want %d", tok, sequences, want)
		}
		seen := map[int]bool{}
		for i := range sequences {
			at := index(valid, inputs[16*i:16*i+16])
			if at < 0 || at%16 != 0 || seen[at] {
				t.Fatalf("%s: validation window %d stands at %d", tok, i, at)
			}
			seen[at] = true
		}
	}
}

// divide loads a folder and splits it like openText does.
func divide(t *testing.T, dir string, tok tokenizer.Tokenizer, fraction float64, seed uint64, need int) (c *corpus.Corpus, train, valid []corpus.Span) {
	t.Helper()
	files, err := corpus.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = corpus.Load(files, corpus.Options{Tokenizer: tok}); err != nil {
		t.Fatal(err)
	}
	if train, valid, err = split(c, fraction, seed, need); err != nil {
		t.Fatal(err)
	}
	return c, train, valid
}

func rowOf(c *corpus.Corpus, spans []corpus.Span) []int32 {
	s := c.Stream(spans)
	row := make([]int32, s.Len())
	s.Copy(row, 0)
	return row
}

// index is where a window stands in a row, or -1.
func index(row, window []int32) int {
	for i := range len(row) - len(window) + 1 {
		if slices.Equal(row[i:i+len(window)], window) {
			return i
		}
	}
	return -1
}

// TestSplit: sides are whole files, disjoint, of about the right size, decided by seed and name alone.
func TestSplit(t *testing.T) {
	dir := textFolder(t)
	sides := func(dir string, seed uint64) map[string]bool {
		c, train, valid := divide(t, dir, tokenizer.Byte{}, 0.25, seed, 17)
		side := map[string]bool{}
		for i, spans := range [][]corpus.Span{train, valid} {
			for _, s := range spans {
				for s.Len > 0 {
					at := slices.IndexFunc(c.Documents, func(d corpus.Document) bool { return d.Start == s.Start && d.Len <= s.Len })
					if at < 0 {
						t.Fatalf("span %+v is not of documents", s)
					}
					d := c.Documents[at]
					if _, ok := side[d.Name]; ok {
						t.Fatalf("%s comes twice", d.Name)
					}
					side[d.Name] = i == 1
					s = corpus.Span{Start: s.Start + d.Len, Len: s.Len - d.Len}
				}
			}
		}
		if len(side) != len(c.Documents) {
			t.Fatalf("%d of %d documents", len(side), len(c.Documents))
		}
		return side
	}
	base, held := sides(dir, 1), 0
	for _, out := range base {
		if out {
			held++
		}
	}
	if held < 3 || held > 20 { // 10 of 40 expected, standard deviation 2.7
		t.Errorf("%d of 40 files are held out", held)
	}
	if fmt.Sprint(base) == fmt.Sprint(sides(dir, 2)) {
		t.Error("another seed gives the same sides")
	}
	// A file that comes or goes moves no other.
	if err := os.Remove(filepath.Join(dir, "AA.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ZZ.txt"), []byte(words("ZZ", 90)), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, out := range sides(dir, 1) {
		if was, ok := base[name]; ok && was != out {
			t.Errorf("%s changed sides", name)
		}
	}
}

// TestValidFraction: the part of the text that is asked for is held out, of files and of a single one. Of 400
// files of the same size, a quarter is 100, with a standard deviation of 8.7.
func TestValidFraction(t *testing.T) {
	files := map[string]string{}
	for i := range 400 {
		name := fmt.Sprintf("%03d", i)
		files[name] = name + strings.Repeat("x", 96) // 100 tokens with the separator; equal files would count once
	}
	many, one := writeFiles(t, files), writeFiles(t, map[string]string{"a": strings.Repeat("x", 39999)})
	for _, c := range []struct {
		dir              string
		fraction         float64
		want, difference int // of 40000 tokens
	}{
		{many, 0.25, 10000, 2500},
		{many, 0.9, 36000, 2500},
		{many, 0, 2000, 1500}, // 5 %: 20 files, with a standard deviation of 4.4
		{one, 0.25, 10000, 0},
		{one, 0.9, 36000, 0},
		{one, 0, 2000, 0},
	} {
		d := open(t, Config{Name: "text", Seq: 1, Task: &Text{Data: c.dir, ValidFraction: c.fraction}}, 1)
		_, windows := drain(t, d.Valid[0]) // one token each, but for the last, which is only a target
		if got := windows + 1; got < c.want-c.difference || got > c.want+c.difference {
			t.Errorf("valid-fraction %g: %d of 40000 tokens are held out, want %d", c.fraction, got, c.want)
		}
	}
}

// TestSmallTexts: each side has at least one window or the error says how much text is needed.
func TestSmallTexts(t *testing.T) {
	for name, c := range map[string]struct {
		files                map[string]string
		seq                  int
		wantTrain, wantValid int    // least tokens
		want                 string // error
	}{
		"one file":         {map[string]string{"a": words("AA", 100)}, 16, 740, 40, ""},
		"two files":        {map[string]string{"a": words("AA", 50), "b": words("BB", 50)}, 16, 400, 400, ""},
		"large and tiny":   {map[string]string{"a": words("AA", 50), "b": "x"}, 16, 17, 17, ""},
		"many tiny":        {map[string]string{"a": "1234567890", "b": "2345678901", "c": "3456789012", "d": "4567890123"}, 16, 17, 17, ""},
		"only just enough": {map[string]string{"a": strings.Repeat("x", 33)}, 16, 17, 17, ""},
		"one too few":      {map[string]string{"a": strings.Repeat("x", 32)}, 16, 0, 0, "its 33 tokens are too few: -seq 16 needs at least 17 to train on and as many to validate on"},
	} {
		dir := writeFiles(t, c.files)
		for seed := range uint64(10) {
			d, err := Open(Config{Name: "text", Seq: c.seq, Task: &Text{Data: dir}}, seed)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: error %v, want one with %q", name, err, c.want)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			_, train, valid := divide(t, dir, d.Tokenizer, defaultValidFraction, seed, c.seq+1)
			if a, b := count(train), count(valid); a < c.wantTrain || b < c.wantValid {
				t.Errorf("%s: %d tokens to train on, %d to validate on", name, a, b)
			}
			next(t, d.Train, 4)
			if _, n := drain(t, d.Valid[0]); n < 1 {
				t.Errorf("%s: %d validation windows", name, n)
			}
		}
	}
}

// TestHeldOutShare: the part held out is the fraction asked for, of many files and of the tokens of one.
func TestHeldOutShare(t *testing.T) {
	files := map[string]string{}
	for i := range 500 {
		files[fmt.Sprint(i)] = words(fmt.Sprint("file", i), 3) // equal texts would count once
	}
	many, one := writeFiles(t, files), writeFiles(t, map[string]string{"a": words("x", 3000)})
	length := func(dir string, fraction float64) (valid, all int) {
		d := open(t, Config{Name: "text", Seq: 16, Task: &Text{Data: dir, ValidFraction: fraction}}, 1)
		s, err := d.Valid[0].Source()
		if err != nil {
			t.Fatal(err)
		}
		valid = s.(*source).iterator.(*fixedWindows).streams[0].Len()
		return valid, valid + d.Train.(*source).iterator.(*randomWindows).streams[0].Len()
	}
	for _, c := range []struct{ given, want float64 }{{0, 0.05}, {0.1, 0.1}, {0.5, 0.5}, {0.9, 0.9}} {
		if valid, all := length(one, c.given); valid != int(c.want*float64(all)) {
			t.Errorf("fraction %g of one file: %d of %d tokens are held out", c.given, valid, all)
		}
		valid, all := length(many, c.given)
		if share := float64(valid) / float64(all); share < c.want-0.045 || share > c.want+0.045 { // two standard deviations of 0.5
			t.Errorf("fraction %g of 500 files: %d of %d tokens are held out", c.given, valid, all)
		}
	}
	valid, all := length(many, 0)
	if share := float64(valid) / float64(all); share < 0.035 || share > 0.065 { // 0.05, standard deviation 0.01
		t.Errorf("without a fraction %d of %d tokens are held out", valid, all)
	}
}

func count(spans []corpus.Span) (n int) {
	for _, s := range spans {
		n += s.Len
	}
	return n
}

// TestDefaultText opens what `go run ./cmd/train` trains on: tens of megabytes of Go.
func TestDefaultText(t *testing.T) {
	d := open(t, Config{Name: "text", Task: &Text{CacheDir: t.TempDir()}}, 1)
	if d.Vocab != 256 || d.SeqLen != defaultTextLen || len(d.Notes) > 1 {
		t.Errorf("%s, notes %q", d.Summary, d.Notes)
	}
	s := d.Train.(*source).iterator.(*randomWindows).streams[0]
	if s.Len() < 10e6 {
		t.Errorf("%d tokens to train on", s.Len())
	}
	text := make([]int32, 10e6)
	s.Copy(text, 0)
	if n := strings.Count(string(d.Tokenizer.Decode(text)), "\nfunc "); n < 10000 {
		t.Errorf("%d functions in the first 10 MB", n)
	}
}

func TestTextErrors(t *testing.T) {
	dir := writeFiles(t, map[string]string{"empty": ""})
	for path, want := range map[string]string{"missing": "no file or folder", "empty": "is empty: name a file with text in it", "*.x": "no file matches"} {
		if _, err := Open(Config{Name: "text", Task: &Text{Data: filepath.Join(dir, path)}}, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}
