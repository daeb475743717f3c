package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer"
)

// rowsOf writes rows whose texts have a word of their own and a number.
func rowsOf(word string, count int) string {
	var b strings.Builder
	for i := range count {
		line, err := json.Marshal(map[string]string{"text": fmt.Sprintf("%s %04d %s", word, i, strings.Repeat(word, 6)), "other": word})
		if err != nil {
			panic(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// TestParts: what a text with commas and colons names, and that it names the same when its paths are absolute.
func TestParts(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a.txt": "1", "b.txt": "2", "c,d.txt": "3", "e:0.5": "4", "f,g:2": "5", "h.txt": "6"})
	t.Chdir(dir)
	for text, want := range map[string]string{
		"a.txt":                     "a.txt 0",
		"a.txt:3":                   "a.txt 1",
		"a.txt,b.txt":               "a.txt 0;b.txt 0",
		"a.txt:3,b.txt:1":           "a.txt 0.75;b.txt 0.25",
		"a.txt:7e-1,b.txt:.3":       "a.txt 0.7;b.txt 0.3",
		"c,d.txt":                   "c,d.txt 0",
		"c,d.txt:1,a.txt:1":         "c,d.txt 0.5;a.txt 0.5",
		"a.txt,c,d.txt,b.txt":       "a.txt 0;c,d.txt 0;b.txt 0",
		"e:0.5":                     "e:0.5 0",
		"e:0.5:1,a.txt:3":           "e:0.5 0.25;a.txt 0.75",
		"f,g:2":                     "f,g:2 0",
		"*.txt:1,e:0.5:1":           "*.txt 0.5;e:0.5 0.5",
		"missing:1,none,no.txt":     "error 1 of 3 sources have weights",
		"missing,none":              "missing 0;none 0",
		"a.txt:0.7,b.txt":           "error 1 of 2 sources have weights: give all of them one, as in a.txt:0.7,b.txt:0.3, or none",
		"a.txt:0":                   `error "a.txt:0": the weight 0 must be positive`,
		"a.txt:-1,b.txt:1":          `error "a.txt:-1": the weight -1 must be positive`,
		"a.txt:NaN":                 "error must be positive",
		"a.txt:1e999":               "error must be positive, from 1e-100 to 1e100",
		"a.txt:1e-101,b.txt:1":      "error must be positive, from 1e-100 to 1e100",
		"a.txt,,b.txt":              "error a path is missing beside a comma",
		"a.txt,":                    "error a path is missing",
		"a.txt:1,:1":                "error a path is missing",
		"a.txt:x":                   "a.txt:x 0",
		filepath.Join(dir, "a.txt"): filepath.Join(dir, "a.txt") + " 0",
	} {
		show := func(list []part, err error) string {
			if err != nil {
				return "error " + err.Error()
			}
			var out []string
			for _, p := range list {
				path, err := filepath.Rel(dir, p.path)
				if err != nil || filepath.IsAbs(text) {
					path = p.path
				}
				out = append(out, fmt.Sprintf("%s %g", path, math.Round(1000*p.weight)/1000))
			}
			return strings.Join(out, ";")
		}
		got := show(parts(text))
		if got != want && !(strings.HasPrefix(want, "error ") && strings.HasPrefix(got, "error ") && strings.Contains(got, want[6:])) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
		full, err := Absolute(text)
		if err != nil {
			t.Fatal(err)
		}
		if again := show(parts(full)); !strings.HasPrefix(want, "error") && again != want {
			t.Errorf("%q, absolute %q: %s, want %s", text, full, again, want)
		}
		for p := range strings.SplitSeq(full, ",") {
			if !strings.HasPrefix(want, "error") && !strings.Contains(text, "c,d") && !strings.Contains(text, "f,g") && !filepath.IsAbs(p) {
				t.Errorf("%q: %q is not absolute", text, p)
			}
		}
	}
}

// shareOf is the share of training sequences that have a word.
func shareOf(t *testing.T, d *Dataset, word string) float64 {
	t.Helper()
	found := 0
	for range 2000 {
		b := next(t, d.Train, 1)
		if bytes.Contains(d.Tokenizer.Decode(b.Inputs), []byte(word)) {
			found++
		}
	}
	return float64(found) / 2000
}

// TestWeights: sources are drawn by their weights, without weights by their size; training and validation sets are of
// the texts of their sources; and a restored source goes on with the same sequences.
func TestWeights(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a.jsonl": rowsOf("aaaa", 300), "b.jsonl": rowsOf("bbbb", 900)})
	a, b := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	for text, want := range map[string]float64{a + ":0.8," + b + ":0.2": 0.8, a + ":8," + b + ":2": 0.8, a + "," + b: 0.25, b + ":1," + a + ":9": 0.9} {
		cfg := Config{Name: "text", Seq: 40, Task: &Text{Data: text, ValidFraction: 0.2}}
		d := open(t, cfg, 3)
		if got := shareOf(t, d, "aaaa"); math.Abs(got-want) > 0.05 { // five standard deviations of 0.01
			t.Errorf("%s: %.3f of the sequences are of a, want %g", text, got, want)
		}
		for path, share := range map[string]float64{a: want, b: 1 - want} {
			at := slices.IndexFunc(d.Notes, func(note string) bool { return strings.HasPrefix(note, path+": ") })
			var tokens int
			var percent float64
			if at < 0 {
				t.Errorf("%s: no note of %s in %q", text, path, d.Notes)
			} else if _, err := fmt.Sscanf(strings.TrimPrefix(d.Notes[at], path), ": %d tokens to train on, %f %% of the sequences", &tokens, &percent); err != nil || math.Abs(percent-100*share) > 2 || tokens < 1000 {
				t.Errorf("%s: note %q, want %.0f %%", text, d.Notes[at], 100*share)
			}
		}
		state, err := d.Train.State()
		if err != nil {
			t.Fatal(err)
		}
		after := next(t, d.Train, 5)
		other := open(t, cfg, 3)
		if err := other.Train.Restore(state); err != nil {
			t.Fatal(err)
		}
		if got := next(t, other.Train, 5); !slices.Equal(got.Inputs, after.Inputs) || !slices.Equal(got.Targets, after.Targets) {
			t.Errorf("%s: a restored source draws other sequences", text)
		}
		if len(d.Valid) != 3 || d.Valid[0].Name != "valid" || d.ByLength {
			t.Fatalf("%s: %d validation sets", text, len(d.Valid))
		}
		_, all := drain(t, d.Valid[0])
		sum := 0
		for i, name := range []string{"a", "b"} {
			if strings.HasPrefix(text, b) {
				name = []string{"b", "a"}[i]
			}
			set := d.Valid[1+i]
			inputs, n := drain(t, set)
			sum += n
			if set.Name != "valid-"+name+".jsonl" || bytes.Contains(tokenizer.Byte{}.Decode(inputs), []byte(map[string]string{"a": "bbbb", "b": "aaaa"}[name])) || n < 30 {
				t.Errorf("%s: set %s has %d sequences", text, set.Name, n)
			}
		}
		if sum != all {
			t.Errorf("%s: %d sequences of the sources, %d of all", text, sum, all)
		}
	}
	base := open(t, Config{Name: "text", Seq: 40, Task: &Text{Data: a + ":8," + b + ":2"}}, 3)
	if same := open(t, Config{Name: "text", Seq: 40, Task: &Text{Data: a + ":0.8," + b + ":0.2"}}, 3); same.Fingerprint != base.Fingerprint {
		t.Error("weights that are equal when normalized have another fingerprint")
	}
	for _, text := range []string{a + "," + b, a + ":7," + b + ":3", b + ":8," + a + ":2", a} {
		if open(t, Config{Name: "text", Seq: 40, Task: &Text{Data: text}}, 3).Fingerprint == base.Fingerprint {
			t.Errorf("%s has the fingerprint of other data", text)
		}
	}
	if one, weighted := open(t, Config{Name: "text", Seq: 40, Task: &Text{Data: a}}, 3), open(t, Config{Name: "text", Seq: 40, Task: &Text{Data: a + ":3"}}, 3); one.Fingerprint != weighted.Fingerprint {
		t.Error("the weight of a single source matters")
	}
}

// TestSplitOfRows: rows are held out by their content: equal ones are on one side, and a row stays on its side when others
// come or go, or in another file.
func TestSplitOfRows(t *testing.T) {
	rows := strings.SplitAfter(strings.TrimSpace(rowsOf("word", 400)), "\n")
	side := func(file string) map[string]bool {
		dir := writeFiles(t, map[string]string{"x.jsonl": file})
		c, train, valid := divide(t, dir, tokenizer.Byte{}, 0.25, 5, 17)
		on := map[string]bool{}
		for i, spans := range [][]corpus.Span{train, valid} {
			for text := range strings.SplitSeq(string(tokenizer.Byte{}.Decode(rowOf(c, spans))[1:]), "\x00") {
				if was, ok := on[text]; ok && was != (i == 1) {
					t.Errorf("%q is on both sides", text)
				}
				on[text] = i == 1
			}
		}
		return on
	}
	base := side(strings.Join(rows, ""))
	held := 0
	for _, out := range base {
		if out {
			held++
		}
	}
	if len(base) != 400 || held < 65 || held > 135 { // 100, standard deviation 8.7
		t.Errorf("%d of %d rows are held out", held, len(base))
	}
	more := side(strings.Join(rows[200:], "") + "\n" + strings.Join(rows, "") + "\n" + rowsOf("more", 50))
	for text, out := range base {
		if more[text] != out {
			t.Errorf("%q changed sides", text)
		}
	}
}

// TestSmallSplitOfRows: where the draw gives one side too little, each still gets what it needs.
func TestSmallSplitOfRows(t *testing.T) {
	for count := 2; count < 8; count++ {
		dir := writeFiles(t, map[string]string{"x.jsonl": rowsOf("w", count)})
		for seed := range uint64(10) {
			c, train, valid := divide(t, dir, tokenizer.Byte{}, 0.05, seed, 10)
			if a, b := c.Stream(train).Len(), c.Stream(valid).Len(); a+b != c.Len() || a < 10 || b < 10 || b%(c.Len()/count) != 0 {
				t.Errorf("%d rows: %d tokens to train on, %d to validate on of %d", count, a, b, c.Len())
			}
		}
	}
}

// TestValidData: all of -data is trained on, all of -valid-data is validated on, and both are part of the fingerprint.
func TestValidData(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a.jsonl": rowsOf("aaaa", 50), "b.txt": strings.Repeat("bbbb ", 100), "c.txt": strings.Repeat("cccc ", 100), "short.txt": "x"})
	path := func(name string) string { return filepath.Join(dir, name) }
	config := func(task Text) Config { return Config{Name: "text", Seq: 16, Task: &task} }
	d := open(t, config(Text{Data: path("a.jsonl"), ValidData: path("b.txt") + "," + path("c.txt")}), 1)
	train := d.Train.(*source).iterator.(*randomWindows).streams[0]
	if train.Len() != 50*(1+4+6+24) {
		t.Errorf("%d tokens to train on", train.Len())
	}
	inputs, n := drain(t, d.Valid[0])
	if n != 2*(500/16) || strings.Count(string(tokenizer.Byte{}.Decode(inputs)), "bbbb") != strings.Count(string(tokenizer.Byte{}.Decode(inputs)), "cccc") {
		t.Errorf("%d sequences to validate on", n)
	}
	if len(d.Valid) != 3 || d.Valid[1].Name != "valid-b.txt" || d.Valid[2].Name != "valid-c.txt" {
		t.Errorf("%d sets", len(d.Valid))
	}
	prints := map[string]string{}
	for name, task := range map[string]Text{
		"both":      {Data: path("a.jsonl"), ValidData: path("b.txt") + "," + path("c.txt")},
		"one":       {Data: path("a.jsonl"), ValidData: path("b.txt")},
		"the other": {Data: path("a.jsonl"), ValidData: path("c.txt")},
		"none":      {Data: path("a.jsonl")},
		"field":     {Data: path("a.jsonl"), ValidData: path("b.txt"), TextField: "other"},
	} {
		print := open(t, config(task), 1).Fingerprint
		if before, ok := prints[print]; ok {
			t.Errorf("%s and %s have one fingerprint", name, before)
		}
		prints[print] = name
	}
	if again := open(t, config(Text{Data: path("b.txt"), ValidData: path("b.txt")}), 1); len(again.Notes) != 1 || !strings.HasPrefix(again.Notes[0], "-data also has 1 file of -valid-data") {
		t.Errorf("notes %q", again.Notes)
	}
	for want, task := range map[string]Text{
		"-valid-fraction contradicts -valid-data":                  {Data: path("a.jsonl"), ValidData: path("b.txt"), ValidFraction: 0.1},
		"-valid-data: no file or folder":                           {Data: path("a.jsonl"), ValidData: path("none")},
		"-valid-data: its 2 tokens are too few: -seq 16":           {Data: path("a.jsonl"), ValidData: path("short.txt")},
		"short.txt: its 2 tokens are too few: -seq 16":             {Data: path("short.txt"), ValidData: path("b.txt")},
		"weights are for training only":                            {Data: path("a.jsonl"), ValidData: path("b.txt") + ":1"},
		"b.txt, which has the text of b.txt: name each text once":  {Data: path("b.txt") + "," + path("b.txt")},
		"short.txt: its 2 tokens are too few: -seq 16 needs at":    {Data: path("b.txt") + ":1," + path("short.txt") + ":1"},
		`a.jsonl, line 1: it has no field "txt"; did you mean "te`: {Data: path("a.jsonl"), TextField: "txt"},
	} {
		if _, err := Open(config(task), 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", task, err, want)
		}
	}
}

// TestSkippedRowsOfAllSources: the limit on bad rows is that of all sources together.
func TestSkippedRowsOfAllSources(t *testing.T) {
	bad := rowsOf("aaaa", 20) + "{}\n"
	dir := writeFiles(t, map[string]string{"a.jsonl": bad, "b.jsonl": bad + "[]\n"})
	text := filepath.Join(dir, "a.jsonl") + "," + filepath.Join(dir, "b.jsonl")
	for skip, want := range []string{"a.jsonl, line 21: ", "b.jsonl, line 21: ", "b.jsonl, line 22: ", ""} {
		d, err := Open(Config{Name: "text", Seq: 16, Task: &Text{Data: text, SkipBadRows: skip}}, 1)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("-skip-bad-rows %d: error %v, want %q", skip, err, want)
		}
		if err == nil {
			d.Close()
		}
	}
}

// TestSourceNames: names for validation sets are safe and differ.
func TestSourceNames(t *testing.T) {
	var list []textSource
	for path, want := range map[string]string{"x/a b\x1b.jsonl": "a-b-.jsonl", "x/naïve/*": "-", "wiki-2_09.AZaz": "wiki-2_09.AZaz", "x/[@`{:^]": "-------"} {
		if got := nameOf(path, nil); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	for _, want := range []string{"train.jsonl", "train.jsonl-2", "train.jsonl-3"} {
		got := nameOf("some/train.jsonl", list)
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
		list = append(list, textSource{name: got})
	}
}

// TestProgressOfText: opening text reports its progress.
func TestProgressOfText(t *testing.T) {
	path := filepath.Join(writeFiles(t, map[string]string{"a.jsonl": rowsOf("aaaa", 50)}), "a.jsonl")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]int64{}
	d, err := Open(Config{Name: "text", Seq: 16, Task: &Text{Data: path}, Progress: func(what string, n, total int64) {
		if done[what] = n; total != info.Size() {
			t.Errorf("%s: of %d bytes, the file has %d", what, total, info.Size())
		}
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if done["reading"] != info.Size() || done["tokenizing"] != info.Size() {
		t.Errorf("%v of %d bytes", done, info.Size())
	}
}
