package settings

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
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
	if len(given) != 5 || given[2] != (Pair{"ema", "true"}) {
		t.Errorf("given %v", given)
	}
	for want, args := range map[string][]string{
		"no flag -step-s; did you mean -steps?": {"-step-s", "1"},
		"no flag -zzzzzz (-h":                   {"-zzzzzz"},
		`"x" is not a whole number`:             {"-steps", "x"},
		`"1.5" is not a whole number`:           {"-total", "1.5"},
		`"-1" is not a whole number from 0`:     {"-seed", "-1"},
		`"NaN" is not a number`:                 {"-lr", "NaN"},
		"given twice":                           {"-lr", "1", "-lr", "2"},
		"needs an argument":                     {"-lr"},
		"help requested":                        {"-h"},
		`invalid boolean value "maybe"`:         {"-ema=maybe"},
	} {
		if _, _, err := c.table().ParseFlags(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", args, err, want)
		}
	}
}

func TestTOML(t *testing.T) {
	var c config
	given, err := c.table().ReadTOML("steps = 3 # three\nlr = 1\nd-emb = \"a\\\"b\"\nema = true\n")
	if err != nil || c != (config{steps: 3, lr: 1, name: `a"b`, ema: true}) || len(given) != 4 {
		t.Errorf("%+v, given %v, error %v", c, given, err)
	}
	for text, want := range map[string]string{
		"stepz = 3":          `no key "stepz"; did you mean "steps"?`,
		"steps = \"3\"":      "without quotes",
		"d-emb = 3":          "in quotes",
		"steps = 3.5":        `"3.5" is not a whole number`,
		"steps = [1]":        "one value expected",
		"[train]\nsteps = 1": `no key "train"`,
		"steps = 1\nlr = =":  "line 2",
		"lr = inf":           "is not a number",
	} {
		if _, err := c.table().ReadTOML(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	if _, err := c.table().ReadFile(t.TempDir() + "/none.toml"); err == nil {
		t.Error("a missing file is read")
	}
}

// TestTOMLRoundTrip: whatever the values, the written file reads back to them.
func TestTOMLRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := config{rapid.Int().Draw(t, "steps"), rapid.Int64().Draw(t, "total"), rapid.Uint64Max(1<<62).Draw(t, "seed"),
			rapid.Float64Range(-1e300, 1e300).Draw(t, "lr") + 0, rapid.String().Draw(t, "name"), rapid.Bool().Draw(t, "ema"), ""}
		var back config
		if _, err := back.table().ReadTOML(c.table().TOML()); err != nil {
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
	if d := Differences(a.table(), b.table()); !slices.Equal(d, []string{"steps: 1 | 2", `d-emb: x | ""`}) {
		t.Errorf("%q", d)
	}
}
