package main

import (
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"goomtrain/train/metrics"
)

const root = "../.."

// repository returns the recipes of the repository and their stored runs.
func repository(t *testing.T) (*book, []row) {
	t.Helper()
	b, err := readBook("recipes.toml")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := b.collect(root)
	if err != nil {
		t.Fatal(err)
	}
	return b, rows
}

// TestDocumentsAreCurrent: docs/results.md and README.md are what the stored runs give.
func TestDocumentsAreCurrent(t *testing.T) {
	b, rows := repository(t)
	for _, d := range []struct {
		path string
		want func(old string) (string, error)
	}{
		{"docs/results.md", func(string) (string, error) { return b.document(rows), nil }},
		{"README.md", func(old string) (string, error) { return replaced(old, b.short(rows)) }},
	} {
		text, err := os.ReadFile(filepath.Join(root, d.path))
		if err != nil {
			t.Fatal(err)
		}
		want, err := d.want(string(text))
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != want {
			t.Errorf("%s is not what the stored runs give: run go run ./docs/results", d.path)
		}
	}
}

// TestPicturesAreCurrent allows for single pixels, which may differ between machines.
func TestPicturesAreCurrent(t *testing.T) {
	b, rows := repository(t)
	fresh := t.TempDir()
	if err := b.pictures(rows, fresh); err != nil {
		t.Fatal(err)
	}
	for _, s := range b.Sections {
		for _, name := range []string{s.Picture, s.Curves} {
			made, err := os.Stat(filepath.Join(fresh, name))
			if name == "" || err != nil || made.IsDir() {
				continue // there are no runs to draw
			}
			want, got := decode(t, filepath.Join(fresh, name)), decode(t, name)
			if d := different(got, want); d > 0.001 {
				t.Errorf("%s differs in %.1f %% of its pixels from what the stored runs give: run go run ./docs/results", name, 100*d)
			}
		}
	}
}

func decode(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return picture
}

// different returns the share of pixels whose gray values differ visibly, 1 for pictures of different sizes.
func different(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	gray := func(m image.Image, x, y int) int { return int(color.GrayModel.Convert(m.At(x, y)).(color.Gray).Y) }
	size, count := a.Bounds(), 0
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			if d := gray(a, x, y) - gray(b, x, y); d > 16 || d < -16 {
				count++
			}
		}
	}
	return float64(count) / float64(size.Dx()*size.Dy())
}

func TestDifferent(t *testing.T) {
	a, b := image.NewGray(image.Rect(0, 0, 10, 10)), image.NewGray(image.Rect(0, 0, 10, 10))
	a.Pix[3], a.Pix[4], b.Pix[5] = 200, 15, 17
	if d := different(a, b); d != 0.02 {
		t.Errorf("%v, want 0.02", d)
	}
	if d := different(a, image.NewGray(image.Rect(0, 0, 10, 11))); d != 1 {
		t.Errorf("sizes differ: %v", d)
	}
}

// TestStoredRuns: every folder of runs belongs to a recipe and a seed, and its settings are those of the recipe.
func TestStoredRuns(t *testing.T) {
	b, _ := repository(t)
	known := map[string]bool{}
	for _, r := range b.Recipes {
		for _, seed := range r.Seeds {
			known[filepath.Join("runs", r.Name, strconv.FormatUint(seed, 10))] = true
			if _, err := r.stored(root, seed); err != nil {
				t.Error(err)
			}
		}
	}
	err := filepath.WalkDir("runs", func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == "runs" {
			return nil
		}
		if err == nil && strings.Count(path, string(filepath.Separator)) == 2 && !known[path] {
			t.Errorf("%s belongs to no recipe", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReadBookRefuses(t *testing.T) {
	const good = `[[section]]
name = "s"
[[recipe]]
name = "a"
section = "s"
task = "T"
model = "M"
args = "-task parity -preset nano"
seeds = [1, 2]
remark = "R."
reach = [{ length = 8, measure = "accuracy", value = 0.5, seeds = 2 }]
`
	const goodMatrix = `[[section]]
name = "m"
[[matrix]]
section = "m"
args = "-preset nano"
seeds = [7]
[[matrix.model]]
name = "a"
title = "A"
args = "-model gla"
[[matrix.task]]
name = "t"
title = "T"
args = "-task parity"
`
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{`name = "a"`, `name = "A/"`, "lower-case"},
		{`section = "s"`, `section = "x"`, `no section "x"`},
		{`task = "T"`, `task = "T|"`, "without |"},
		{`remark = "R."`, `remark = ""`, "one line"},
		{"[1, 2]", "[]", "no seeds"},
		{"[1, 2]", "[1, 1]", "seed 1 occurs twice"},
		{`"accuracy"`, `"precision"`, `no measure "precision"`},
		{"seeds = 2 }", "seeds = 3 }", "1 to 2 seeds"},
		{"length = 8", "length = 0", "length of at least 1"},
		{"-preset nano", "-presets nano", "no flag -presets"},
		{"-preset nano", "-seed 3", "args must not have -seed"},
		{"-preset nano", "--out=x", "args must not have --out"},
		{"remark", "remarks", "no key recipe.remarks"},
		{good, good + goodMatrix, ""},
		{good, good + strings.ReplaceAll(goodMatrix, `"m"`, `"s"`), `matrix "s": its section must have nothing else`},
		{good, good + goodMatrix + strings.TrimPrefix(goodMatrix, "[[section]]\nname = \"m\"\n"), `matrix "m": its section must have nothing else`},
		{good, good + strings.Split(goodMatrix, "[[matrix.task]]")[0], "at least one [[matrix.model]] and one [[matrix.task]]"},
		{good, good + strings.Replace(goodMatrix, "[7]", "[]", 1), `recipe "m-t-a": it has no seeds`},
		{good, good + strings.Replace(goodMatrix, "-preset nano", "-presets nano", 1), `recipe "m-t-a": `},
		{good, good + strings.TrimPrefix(good, "[[section]]\nname = \"s\"\n"), "occurs twice"},
	} {
		path := filepath.Join(t.TempDir(), "recipes.toml")
		if err := os.WriteFile(path, []byte(strings.Replace(good, c.old, c.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := readBook(path)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s for %s: error %v, want %q", c.new, c.old, err, c.want)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args      string
		code      int
		out, errs string
	}{
		{"-h", 0, "-only", ""},
		{"-only x", wrongUsage, "", "only work with -train"},
		{"-threads 1", wrongUsage, "", "only work with -train"},
		{"-train -threads -1", wrongUsage, "", "must be 0 to 1024"},
		{"-train -only (", wrongUsage, "", "missing closing )"},
		{"x", wrongUsage, "", "unexpected argument"},
		{"", failed, "", "runs in the root of the repository"},
	} {
		var out, errs strings.Builder
		if code := run(t.Context(), strings.Fields(c.args), &out, &errs); code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("%s: code %d\n%s\n%s", c.args, code, out.String(), errs.String())
		}
	}
}

func TestLossCurves(t *testing.T) {
	at := func(step int64, bpb float64) record { return record{Step: step, BPB: bpb} }
	rows := []row{
		{recipe{Model: "A"}, []outcome{{steps: 200, course: []record{at(100, 3), at(200, 2)}}, {steps: 200, course: []record{at(100, 5), at(200, 2.5)}}}},
		{recipe{Model: "validated once"}, []outcome{{steps: 200, course: []record{at(200, 2)}}}},
		{recipe{Model: "no text"}, []outcome{{steps: 200, course: []record{at(100, math.NaN()), at(200, math.NaN())}}}},
		{recipe{Model: "other steps"}, []outcome{{steps: 200, course: []record{at(100, 3), at(200, 2)}}, {steps: 200, course: []record{at(50, 9), at(200, 4)}}}},
	}
	want := []metrics.Curve{{Name: "A", Points: [][2]float64{{50, 4}, {100, 2.25}}, Marked: true}, {Name: "other steps", Points: [][2]float64{{50, 3}, {100, 3}}, Marked: true}}
	if got := lossCurves(rows, 3.5); len(got) != 1 || len(got[0].Points) != 2 {
		t.Errorf("below 3.5: %v, want the curve of the last alone", got)
	}
	if got := lossCurves(rows, 0); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
