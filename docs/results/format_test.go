package main

import (
	"math"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	for x, want := range map[float64]string{1: "100.0", 0.99999: "99.99", 0.9996: "99.96", 0.9994: "99.9", 0.5: "50.0", 0.00001: "0.01", 0: "0.0", math.NaN(): none} {
		if got := percent(x); got != want {
			t.Errorf("%g: %s, want %s", x, got, want)
		}
	}
	for _, c := range []struct {
		xs   []float64
		want string
	}{{nil, none}, {[]float64{0.5}, "50.0"}, {[]float64{0.9, 0.1, 0.2}, "20.0 (10.0–90.0)"}, {[]float64{0.4, 0.1, 0.2, 0.3}, "25.0 (10.0–40.0)"}} {
		if got := spread(c.xs, percent); got != c.want {
			t.Errorf("%v: %s, want %s", c.xs, got, c.want)
		}
	}
	if nats(1.23456) != "1.235" || nats(math.NaN()) != none || !math.IsNaN(median(nil)) {
		t.Error(nats(1.23456), nats(math.NaN()), median(nil))
	}
}

func TestFold(t *testing.T) {
	if got, want := fold("run -a 1 -bcd 22 -e -f -0.5", 16), "run -a 1 \\\n    -bcd 22 -e \\\n    -f -0.5"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := fold("go run -x", 80); got != "go run -x" {
		t.Errorf("%q", got)
	}
}

func TestReplaced(t *testing.T) {
	got, err := replaced("a\n"+begin+"old\n"+end+"b\n", "new\n")
	if want := "a\n" + begin + "\nnew\n\n" + end + "b\n"; got != want || err != nil {
		t.Errorf("%q, error %v, want %q", got, err, want)
	}
	for _, bad := range []string{"", begin, end + begin} {
		if _, err := replaced(bad, "x"); err == nil {
			t.Errorf("%q has no place for the table", bad)
		}
	}
}

// madeUp are rows of three recipes, of which the last has no run.
func madeUp() []row {
	at := func(length int, accuracy, sequences float64) record {
		return record{Length: length, Accuracy: accuracy, SequenceAccuracy: sequences, BPB: math.NaN(), Loss: 1}
	}
	text := record{Length: 256, Accuracy: math.NaN(), SequenceAccuracy: math.NaN(), BPB: 2.5, Loss: 1.7}
	return []row{
		{recipe{Section: "s", Task: "S_3", Model: "A", Args: "-x 1", Remark: "R.", Seeds: []uint64{4, 5, 6}, Reach: []goal{{64, "accuracy", 0.9, 2}, {64, "sequence_accuracy", 0.5, 2}}}, []outcome{
			{"1,234", 100, 9.6, []record{at(32, 1, 1), at(64, 0.9, 0.5)}, nil},
			{"1,234", 300, 20, []record{at(32, 1, 0.75), at(64, 0.95, 0.25)}, nil},
		}},
		{recipe{Section: "s", Task: "text", Model: "B", Args: "-y", Remark: "Q.", Seeds: []uint64{1}, Reach: []goal{{256, "bpb", 2.5, 1}}}, []outcome{{"99", 50, 1, []record{text}, []record{{Step: 20, BPB: 3}, {Step: 50, BPB: 2.5}}}}},
		{recipe{Section: "s", Task: "text", Model: "A", Args: "-z", Remark: "P.", Seeds: []uint64{1}}, nil},
	}
}

const madeUpDocument = `
## Title

Text.

| task | model | parameters | seeds | steps | seconds | to reach | reached |
|---|---|---|---|---|---|---|---|
| S_3 | A | 1,234 | 2 of 3 | 200 (100–300) | 15 (10–20) | tokens 90.0 at 64 on 2 seeds<br>sequences 50.0 at 64 on 2 seeds | yes, on 2<br>no, on 1 |
| text | B | 99 | 1 | 50 | 1 | bits per byte 2.500 at 256 on 1 seed | yes, on 1 |

| task | model | at length | 32 | 64 |
|---|---|---|---|---|
| S_3 | A | tokens | 100.0 | 92.5 (90.0–95.0) |
| S_3 | A | sequences | 87.5 (75.0–100.0) | 37.5 (25.0–50.0) |

| task | model | at length | 256 |
|---|---|---|---|
| text | B | bits per byte | 2.500 |

![sequences that are all correct, by length](results/p.png)

![validation loss in the course of training](results/c.png)

` + "```sh" + `
# S_3, A: R.
go run ./cmd/train -x 1 -seed 4
# text, B: Q.
go run ./cmd/train -y -seed 1
# text, A: P.
go run ./cmd/train -z -seed 1
` + "```\n"

func TestDocument(t *testing.T) {
	b := &book{Sections: []section{{Name: "s", Title: "Title", Text: "Text.\n", Readme: true, Picture: "p.png", Curves: "c.png"}}}
	got, ok := strings.CutPrefix(b.document(madeUp()), introduction)
	if !ok || got != madeUpDocument {
		t.Errorf("got\n%s\nwant\n%s", got, madeUpDocument)
	}
	if got, want := b.short(madeUp()), `| task | model | parameters | seeds | seconds | tokens / sequences, % | at the longest length |
|---|---|---|---|---|---|---|
| S_3 | A | 1,234 | 2 of 3 | 15 (10–20) | 32: 100.0 / 87.5 | 64: 92.5 / 37.5 |
| text | B | 99 | 1 | 1 | 256: 2.500 bits per byte | 256: 2.500 bits per byte |
`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.Sections[0].Readme, b.Sections[0].Picture, b.Sections[0].Curves = false, "", ""
	if got := b.short(madeUp()); got != "No run is stored yet.\n" {
		t.Errorf("no section for README: %s", got)
	}
	if got := b.document(madeUp()); strings.Contains(got, "![") {
		t.Errorf("no picture is wanted:\n%s", got)
	}
}

const madeUpMatrix = `
## Title

Text.

3 of 5 runs are stored; a pair without one has –.

Lengths: S_3 at 32, 64; text at 256.

Median of tokens at these lengths:

| model | S_3 | text |
|---|---|---|
| A | 100.0 / 92.5 | – |
| B | – | – |

Median of sequences at these lengths:

| model | S_3 | text |
|---|---|---|
| A | 87.5 / 37.5 | – |
| B | – | – |

Parameters, and median of the steps and of the seconds of training:

| model | S_3 | text |
|---|---|---|
| A | 1,234; 200; 15 | – |
| B | – | 99; 50; 1 |

| task | model | at length | 32 | 64 |
|---|---|---|---|---|
| S_3 | A | tokens | 100.0 | 92.5 (90.0–95.0) |
| S_3 | A | sequences | 87.5 (75.0–100.0) | 37.5 (25.0–50.0) |

| task | model | at length | 256 |
|---|---|---|---|
| text | B | bits per byte | 2.500 |

` + "```sh" + `
MODEL="-model goom-rnn -layers 1" # A
MODEL="-model gla" # B
TASK="-task parity" # S_3
go run ./cmd/train $MODEL $TASK -batch 8 -steps 9 -seed 4
` + "```\n"

func TestMatrix(t *testing.T) {
	m := matrix{Section: "s", Args: "-batch 8\n-steps 9", Seeds: []uint64{4, 5},
		Models: []variant{{"a", "A", "-model goom-rnn\n-layers 1"}, {"b", "B", "-model gla"}}, Tasks: []variant{{"s3", "S_3", "-task parity"}}}
	b := &book{Sections: []section{{Name: "s", Title: "Title", Text: "Text.\n"}}, Matrices: []matrix{m}}
	got, ok := strings.CutPrefix(b.document(madeUp()), introduction)
	if !ok || got != madeUpMatrix {
		t.Errorf("got\n%s\nwant\n%s", got, madeUpMatrix)
	}
	var names []string
	for _, r := range m.recipes() {
		if err := r.check(b.Sections); err != nil {
			t.Error(r.Name, err)
		}
		names = append(names, r.Name+" "+r.Task+" "+r.Model)
	}
	if got := strings.Join(names, ", "); got != "s-s3-a S_3 A, s-s3-b S_3 B" {
		t.Error(got)
	}
}
