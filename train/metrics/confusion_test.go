package metrics

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

// cats are the counts of nine animals; one is given to no class.
func cats() Confusion {
	c := NewConfusion(3)
	for _, pair := range [][2]int{{0, 0}, {0, 0}, {0, 1}, {0, 0}, {1, 1}, {1, 0}, {1, 7}, {0, 1}, {1, 1}} {
		c.Add(pair[0], pair[1])
	}
	return c
}

// TestConfusionScores: precision, recall and F1 computed by hand; a class without sequences has zeros.
func TestConfusionScores(t *testing.T) {
	c := cats()
	if want := (Confusion{{3, 2, 0}, {1, 2, 0, 1}, {0, 0, 0}}); !slices.EqualFunc(c, want, slices.Equal[[]int]) {
		t.Fatalf("%v, want %v", c, want)
	}
	want := []ClassScore{{3.0 / 4, 3.0 / 5, 2 * 3.0 / 9, 5}, {2.0 / 4, 2.0 / 4, 2 * 2.0 / 8, 4}, {}}
	if got := c.Scores(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestConfusionTable(t *testing.T) {
	var b strings.Builder
	if err := cats().WriteTable(&b, []string{"cat", "dog\x1b[2J"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cat     75.00%  60.00%  66.67%      5\n", `dog\x1b[2J     50.00%`, "mean     62.50%  55.00%  58.33%      9\n", "cat    3           2  0\n", "1           2  0  none: 1\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	given := cats()
	given.Add(0, 2) // a class without sequences counts if some are given to it
	if err := given.WriteTable(&b, nil); err != nil || !strings.Contains(b.String(), "mean     41.67%") {
		t.Errorf("of three classes: %v\n%s", err, b.String())
	}
	b.Reset()
	if err := NewConfusion(21).WriteTable(&b, nil); err != nil || strings.Contains(b.String(), "given to") {
		t.Errorf("a matrix of 21 classes: %v\n%s", err, b.String())
	}
}

// TestConfusionInRecords: a record keeps its counts in metrics.jsonl, and counts that are none are refused.
func TestConfusionInRecords(t *testing.T) {
	record := Record{Step: 3, Split: Valid, Confusion: cats()}
	text, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"classes":[{"precision":0.75,"recall":0.6,"f1":0.6666666666666666,"count":5}`) {
		t.Errorf("%s", text)
	}
	var again Record
	if err := json.Unmarshal(text, &again); err != nil || !slices.EqualFunc(again.Confusion, record.Confusion, slices.Equal[[]int]) {
		t.Errorf("%v, error %v", again.Confusion, err)
	}
	for _, bad := range []string{"[[1,2]]x", "[[1,2,3]]", "[[1],[1,2]]", "[[-1]]", "[[0.5]]", "3"} {
		if err := json.Unmarshal([]byte(`{"step":1,"split":"valid","confusion":`+bad+`}`), &again); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	largest := NewConfusion(MaxConfusion)
	for i := range largest {
		for j := range largest[i] {
			largest[i][j] = 100_000_000
		}
	}
	if text, err := json.Marshal(Record{Split: Valid, Confusion: largest}); err != nil || len(text) > maxLine {
		t.Errorf("the largest record has %d bytes, a line at most %d, error %v", len(text), maxLine, err)
	}
}

// TestConfusionPlot: the log draws the last counts, in the colors of their shares.
func TestConfusionPlot(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenLog(dir, 0, func(Record) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	l.Classes = []string{"cat", "dog", "a long name of a class"}
	for _, r := range []Record{{Step: 1, Split: Valid, Confusion: NewConfusion(3)}, {Step: 2, Split: Valid, Confusion: cats()}, {Step: 3, Split: Train}} {
		if err := l.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Plot(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "confusion.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			r, g, b, _ := picture.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
		}
	}
	colors := blues{}.Colors()
	for _, share := range []float64{3.0 / 5, 2.0 / 5, 2.0 / 4, 1.0 / 4} {
		r, g, b, _ := colors[int(share*255+0.5)].RGBA()
		found := false
		for near := range seen { // the map rounds to a color
			found = found || abs(near[0], r>>8)+abs(near[1], g>>8)+abs(near[2], b>>8) <= 3
		}
		if !found {
			t.Errorf("no color of the share %v", share)
		}
	}
}

// TestConfusionPlotLabels: a name that the font cannot draw is replaced by its number, so that no class is without one.
func TestConfusionPlotLabels(t *testing.T) {
	got := classLabels(plot.New().X.Tick.Label, []string{"größe", "日本語", "esc\x1b", "a 日"}, 5)
	if want := []string{"größe", "1", `esc\x1b`, "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func abs(x, y uint32) uint32 { return max(x, y) - min(x, y) }

func TestClassNames(t *testing.T) {
	dir := t.TempDir()
	if names, err := ReadClasses(dir); names != nil || err != nil {
		t.Errorf("%q, error %v", names, err)
	}
	want := []string{"one", "\x1b\n\"two\"", "größer"}
	if err := WriteClasses(dir, want); err != nil {
		t.Fatal(err)
	}
	if names, err := ReadClasses(dir); !slices.Equal(names, want) || err != nil {
		t.Errorf("%q, error %v", names, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "classes.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadClasses(dir); err == nil || !strings.Contains(err.Error(), "classes.json") {
		t.Errorf("error %v", err)
	}
}
