package settings

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"goomtrain/internal/regular/regulartest"
)

type config struct {
	steps int
	total int64
	seed  uint64
	lr    float64
	name  string
	ema   bool
	out   string
}

func (c *config) table() Table {
	return Table{
		{Name: "steps", Group: "Length", Help: "updates to make", Value: &c.steps},
		{Name: "total", Group: "Length", Help: "tokens to see", Value: &c.total},
		{Name: "seed", Group: "Length", Help: "decides everything", Value: &c.seed},
		{Name: "lr", Group: "Rates", Help: "learning rate", Value: &c.lr},
		{Name: "d-emb", Group: "Rates", Help: "a name with a dash", Value: &c.name},
		{Name: "ema", Group: "Rates", Help: "average", Value: &c.ema},
		{Name: "out", Group: "Rates", Help: "folder", Value: &c.out, OneCall: true},
	}
}

func Example() {
	c := config{steps: 100, lr: 0.5}
	table := c.table()
	if _, _, err := table.ParseFlags([]string{"-steps", "7"}); err != nil {
		fmt.Println(err)
	}
	table.Help(os.Stdout)
	_, _, err := c.table().ParseFlags([]string{"-stepz", "7"})
	fmt.Println(err)
	// Output:
	//
	// Length:
	//   -steps           updates to make (7)
	//   -total           tokens to see (0)
	//   -seed            decides everything (0)
	//
	// Rates:
	//   -lr              learning rate (0.5)
	//   -d-emb           a name with a dash
	//   -ema             average
	//   -out             folder
	// there is no flag -stepz; did you mean -steps? (-h lists all)
}

func TestFlags(t *testing.T) {
	var c config
	given, rest, err := c.table().ParseFlags([]string{"-steps=3", "a", "--lr", "1e-3", "-ema", "-d-emb", "x y", "b", "-seed", "9223372036854775807"})
	if err != nil {
		t.Fatal(err)
	}
	if c.steps != 3 || c.lr != 1e-3 || !c.ema || c.name != "x y" || c.seed != 1<<63-1 || !slices.Equal(rest, []string{"a", "b"}) {
		t.Errorf("%+v, rest %v", c, rest)
	}
	if len(given) != 5 || given[2].Name != "ema" || given[2].Text != "true" {
		t.Errorf("given %v", given)
	}
	for want, args := range map[string][]string{
		"no flag -step-s; did you mean -steps?": {"-step-s", "1"},
		"no flag -zzzzzz (-h":                   {"-zzzzzz"},
		`-steps "x": must be a whole number`:    {"-steps", "x"},
		`-total "1.5": must be a whole number`:  {"-total", "1.5"},
		`"-1": must be a whole number from 0`:   {"-seed", "-1"},
		`"NaN": must be a number`:               {"-lr", "NaN"},
		"given twice":                           {"-lr", "1", "-lr", "2"},
		"needs an argument":                     {"-lr"},
		"help requested":                        {"-h"},
		`-ema "maybe": must be true or false`:   {"-ema=maybe"},
	} {
		if _, _, err := c.table().ParseFlags(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", args, err, want)
		}
	}
}

// read sets c from a TOML text.
func read(c *config, text string) ([]Pair, error) {
	given, err := ReadTOML("f.toml", text)
	for i := 0; i < len(given) && err == nil; i++ {
		err = c.table().Set(given[i])
	}
	return given, err
}

func TestTOML(t *testing.T) {
	var c config
	given, err := read(&c, "steps = 3 # three\nlr = 1\nd-emb = \"a\\\"b\"\nema = true\n")
	if err != nil || c != (config{steps: 3, lr: 1, name: `a"b`, ema: true}) || len(given) != 4 {
		t.Errorf("%+v, given %v, error %v", c, given, err)
	}
	for text, want := range map[string]string{
		"stepz = 3":          `f.toml: there is no setting "stepz"; did you mean "steps"?`,
		"steps = \"3\"":      "without quotes",
		"d-emb = 3":          "in quotes",
		"steps = 3.5":        `f.toml: -steps "3.5": must be a whole number`,
		"steps = [1]":        "one value expected",
		"[train]\nsteps = 1": `f.toml: train: one value expected`,
		"train.steps = 1":    `f.toml: train: one value expected`,
		"[train.a]\nlr = 1":  `f.toml: train: one value expected`,
		"steps = 1\nlr = =":  "line 2",
		"lr = inf":           "must be a number",
	} {
		if _, err := read(&c, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "f.toml")
	if _, err := ReadFile(path); err == nil {
		t.Error("a missing file is read")
	}
	if err := os.WriteFile(path, []byte("steps = 3\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if given, err := ReadFile(path); err != nil || len(given) != 1 || given[0].Name != "steps" || given[0].Text != "3" {
		t.Errorf("read %v, error %v", given, err)
	}
}

// TestTOMLRoundTrip: whatever the values, the written file reads back to them.
func TestTOMLRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := config{rapid.Int().Draw(t, "steps"), rapid.Int64().Draw(t, "total"), rapid.Uint64Max(1<<62).Draw(t, "seed"),
			rapid.Float64Range(-1e300, 1e300).Draw(t, "lr") + 0, rapid.String().Draw(t, "name"), rapid.Bool().Draw(t, "ema"), ""}
		var back config
		if _, err := read(&back, c.table().TOML()); err != nil {
			t.Fatalf("%v in\n%s", err, c.table().TOML())
		}
		if back != c {
			t.Fatalf("%+v came back as %+v", c, back)
		}
		if d := Differences(c.table(), back.table()); len(d) != 0 {
			t.Fatal(d)
		}
	})
}

func TestDifferences(t *testing.T) {
	a, b := config{steps: 1, name: "x", out: "p"}, config{steps: 2, out: "q"}
	if d := fmt.Sprint(Differences(a.table(), b.table())); d != `[steps: 1 | 2 d-emb: x | ""]` {
		t.Errorf("%s", d)
	}
	if d := fmt.Sprint(Differences(a.table()[:1], a.table()[:2])); d != `[total: "" | 0]` {
		t.Errorf("%s", d)
	}
}

// TestRules: each rule accepts what it says and refuses what it does not, NaN and infinities included.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule     Rule
		zero     string
		valid    []float64
		broken   []float64
		contains string
	}{
		{AtLeast(1), "", []float64{1, 1e300}, []float64{0, -1, math.NaN(), math.Inf(1)}, "-x 0: must be at least 1"},
		{AtLeast(1), "all", []float64{0, 1}, []float64{-1, 0.5}, "-x -1: must be at least 1 (0: all)"},
		{Positive(), "", []float64{1e-300}, []float64{0, -1, math.NaN(), math.Inf(1)}, "must be positive"},
		{Between(1, 1<<24), "", []float64{1, 1 << 24}, []float64{0, 1<<24 + 1, math.NaN()}, "must be 1 to 16777216"},
		{Fraction(), "", []float64{0, 0.999}, []float64{-1e-9, 1, math.NaN()}, "[0, 1)"},
		{FractionTo1(), "", []float64{1, 1e-9}, []float64{0, 1.1, math.NaN()}, "(0, 1]"},
		{Rule{}, "", []float64{0, -1e300}, []float64{math.NaN(), math.Inf(-1)}, "must be a number"},
	} {
		var x float64
		s := Setting{Name: "x", Value: &x, Rule: c.rule, Zero: c.zero}
		for _, x = range c.valid {
			if err := s.Validate(); err != nil {
				t.Errorf("%v is refused: %v", x, err)
			}
		}
		first := true
		for _, x = range c.broken {
			if err := s.Validate(); err == nil || first && !strings.Contains(err.Error(), c.contains) {
				t.Errorf("%v: error %v, want one with %q", x, err, c.contains)
			}
			first = false
		}
	}
	text := "cosin"
	s := Setting{Name: "schedule", Value: &text, Rule: OneOf("constant", "cosine")}
	if err := s.Validate(); err == nil || err.Error() != `-schedule "cosin": must be one of constant, cosine; did you mean "cosine"?` {
		t.Error(err)
	}
	if text = "cosine"; s.Validate() != nil {
		t.Error("cosine is refused")
	}
	path := "caf\xe9"
	s = Setting{Name: "data", Value: &path, Zero: "none"}
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), `-data "caf\xe9": must be UTF-8 text`) {
		t.Errorf("a text that no TOML file can hold: %v", err)
	}
	if s.OneCall = true; s.Validate() != nil {
		t.Error("a text of one call is refused")
	}
}

func TestZeroKeeps(t *testing.T) {
	layers := 4
	table := Table{{Name: "layers", Value: &layers, ZeroKeeps: true}}
	if err := table.Set(Pair{Name: "layers", Text: "0"}); err != nil || layers != 4 {
		t.Errorf("layers %d, error %v", layers, err)
	}
	if err := table.Set(Pair{Name: "layers", Text: "2"}); err != nil || layers != 2 {
		t.Errorf("layers %d, error %v", layers, err)
	}
}

// TestReadFileIsBounded: what is no settings file is refused before it is read.
func TestReadFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.toml")
	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "at most 1048576 are read") {
		t.Errorf("a file that is too long: %v", err)
	}
	pipe := regulartest.Pipe(t)
	regulartest.AtOnce(t, func() {
		if _, err := ReadFile(pipe); err == nil || !strings.Contains(err.Error(), "is a named pipe, not a file") {
			t.Errorf("a named pipe: %v", err)
		}
	})
}

// TestIsZero: 0 in any notation, false and the empty text.
func TestIsZero(t *testing.T) {
	for text, want := range map[string]bool{"": true, "0": true, "0.0": true, "-0": true, "0e5": true, "false": true, "1": false, "true": false, "off": false, "1e-300": false} {
		if got := (Pair{Text: text}).IsZero(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestHelpOfSeveralLines: written files have one line for each setting, whatever its help.
func TestHelpOfSeveralLines(t *testing.T) {
	x := 3
	text := Table{{Name: "x", Help: "first\nsecond = 4", Value: &x}}.TOML()
	if pairs, err := ReadTOML("f", text); err != nil || len(pairs) != 1 {
		t.Errorf("%v, error %v in\n%s", pairs, err, text)
	}
}
