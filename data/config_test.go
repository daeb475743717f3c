package data

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/tasks"
	"goomtrain/settings"
)

func TestTasks(t *testing.T) {
	want := []string{"text", "copy", "selective-copy", "parity", "modular", "s3", "s5", "recall", "group", "arithmetic",
		"arithmetic-brackets", "mqar", "dyck", "sort", "classify", "images", "image-pixels"}
	if got := Tasks(); len(got) < len(want) || !slices.Equal(got[:len(want)], want) { // behind them: those of this test
		t.Errorf("%v, want %v", got, want)
	}
	if Describe("txet") != "" {
		t.Errorf("an unknown task is described: %s", Describe("txet"))
	}
}

// TestDescribe: the vocabulary and chance that a synthetic task is described with are those that it has.
func TestDescribe(t *testing.T) {
	for _, name := range Tasks() {
		about := Describe(name)
		if about == "" || strings.Contains(about, "\n") {
			t.Errorf("%s: described as %q", name, about)
		}
		if _, ok := defaults(name).(*synthetic); !ok {
			continue
		}
		d := open(t, Config{Name: name}, 1)
		if want := fmt.Sprintf("; vocabulary %d, chance 1/%.0f", d.Vocab, 1/d.Chance); !strings.HasSuffix(about, want) {
			t.Errorf("%s: %q does not end in %q", name, about, want)
		}
	}
}

// quotes is a task of another module whose tokens are text.
type quotes struct{ Text }

// TestIsText: of the tasks of this package text alone is text, and a task that embeds it is.
func TestIsText(t *testing.T) {
	for name, want := range map[string]bool{"text": true, "copy": false, "classify": false, "images": false, "unknown": false} {
		if got := (Config{Name: name}).IsText(); got != want {
			t.Errorf("%s: IsText is %v", name, got)
		}
	}
	if !(Config{Name: "quotes", Task: &quotes{}}).IsText() {
		t.Error("a task with a tokenizer is not text")
	}
}

// TestRelease: Close gives back what a dataset of another module holds, once, and returns its error.
func TestRelease(t *testing.T) {
	released := 0
	d := Dataset{Release: func() error { released++; return io.ErrShortWrite }}
	if err := d.Close(); err != io.ErrShortWrite {
		t.Errorf("the first Close returns %v", err)
	}
	if err := d.Close(); err != nil || released != 1 {
		t.Errorf("the second Close returns %v after %d releases", err, released)
	}
}

// TestNewConfig: default settings are valid, but for what has no default, and are new at each call.
func TestNewConfig(t *testing.T) {
	for _, name := range Tasks() {
		c, err := NewConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil && !strings.Contains(err.Error(), `-data ""`) {
			t.Errorf("%s: %v", name, err)
		}
		table := c.Settings()
		if names := table.Names(); names[0] != "task" || names[1] != "seq" || table[0].Text() != name || table[1].Text() != "0" {
			t.Errorf("%s: settings %v", name, names)
		}
		for _, s := range table[1:] {
			text := "7"
			if _, ok := s.Value.(*bool); ok {
				text = "true"
			}
			if err := table.Set(settings.Pair{Name: s.Name, Text: text}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		other, err := NewConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := settings.Differences(other.Settings(), c.Settings()); len(d) != len(table)-1 {
			t.Errorf("%s: setting %v changed %v in the next configuration", name, table.Names(), d)
		}
	}
	if _, err := NewConfig("txet"); err == nil || !strings.HasPrefix(err.Error(), `-task "txet": must be one of text, copy, `) || !strings.HasSuffix(err.Error(), `; did you mean "text"?`) {
		t.Errorf("error %v", err)
	}
}

// TestSettings: what the settings of each task are called, and which of them a resumed run may change.
func TestSettings(t *testing.T) {
	for name, want := range map[string]string{
		"text":           "[data valid-data text-field skip-bad-rows tokenizer! tokenizer-sha256! valid-fraction! cache-dir]",
		"copy":           "[delay! symbols! alphabet!]",
		"selective-copy": "[symbols! alphabet!]",
		"parity":         "[answer!]",
		"modular":        "[modulus!]",
		"s3":             "[]",
		"s5":             "[]",
		"recall":         "[symbols! alphabet!]",
		"group":          "[group! generators! per-element!]",
		"arithmetic":     "[modulus!]",
		"mqar":           "[pairs! alphabet! filler!]",
		"dyck":           "[kinds! depth!]",
		"sort":           "[alphabet!]",
		"classify":       "[data test-data text-field label-field tokenizer! tokenizer-sha256! valid-fraction!]",
		"images":         "[data augment]",
		"image-pixels":   "[data]",
	} {
		c, err := NewConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		table, got := c.Settings(), []string{}
		for _, s := range table[3:] {
			if s.Change == settings.Frozen {
				s.Name += "!"
			}
			got = append(got, s.Name)
		}
		if fmt.Sprint(got) != want || table[0].Change != settings.Frozen || table[1].Change != settings.Frozen ||
			table[2].Name != "eval-lengths" || table[2].Change != settings.Free {
			t.Errorf("%s: settings %v, want %s", name, got, want)
		}
	}
}

// TestConfigOf: of the settings of a run those of the data count, and what they say is refused as in a file.
func TestConfigOf(t *testing.T) {
	c, err := ConfigOf([]settings.Pair{{Name: "layers", Text: "3"}, {Name: "task", Text: "sort"}, {Name: "seq", Text: "2:8"}, {Name: "alphabet", Text: "9"}, {Name: "eval-lengths", Text: "8,16"}})
	if err != nil || c.Name != "sort" || c.MinSeq != 2 || c.Seq != 8 || !slices.Equal(c.EvalLengths, []int{8, 16}) || c.Task.Settings()[0].Text() != "9" {
		t.Errorf("%+v, error %v", c, err)
	}
	for want, pairs := range map[string][]settings.Pair{
		`-task "": must be one of`:         nil,
		`-seq "x": must be a whole number`: {{Name: "task", Text: "sort"}, {Name: "seq", Text: "x"}},
	} {
		if _, err := ConfigOf(pairs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", pairs, err, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, `-task "": must be one of text, copy`},
		{Config{Name: "image_pixels"}, `did you mean "image-pixels"?`},
		{Config{Name: "text", Seq: -1}, "-seq -1: must be 1 to 16777216 (0: the task's default)"},
		{Config{Name: "text", Task: &Text{Tokenizer: "gtp2"}}, `-tokenizer "gtp2": must be one of byte, gpt2, or the path of a tokenizer.json or a SentencePiece .model; did you mean "gpt2"?`},
		{Config{Name: "text", Task: &Text{ValidFraction: math.NaN()}}, "-valid-fraction NaN: must be 0 to 0.9 (0: 0.05)"},
		{Config{Name: "text", Task: &Text{ValidFraction: 2}}, "-valid-fraction 2: must be 0 to 0.9 (0: 0.05)"},
		{Config{Name: "text", Task: &Text{ValidFraction: -0.1}}, "-valid-fraction -0.1: must be 0 to 0.9"},
		{Config{Name: "images"}, `-data "": must be the folder`},
		{Config{Name: "classify"}, `-data "": must be labeled text`},
		{Config{Name: "classify", Task: &Classify{Data: "x", TestData: "y", ValidFraction: 0.3}}, "-valid-fraction contradicts -test-data"},
		{Config{Name: "classify", Task: &Classify{Data: "x", Tokenizer: "bite"}}, `-tokenizer "bite"`},
		{Config{Name: "classify", Seq: 1, Task: &Classify{Data: "x"}}, "-seq 1: must be at least 2"},
		{Config{Name: "classify", MinSeq: 2, Seq: 9, Task: &Classify{Data: "x"}}, "have one length"},
		{Config{Name: "image-pixels"}, `-data "": must be the folder`},
		{of("modular", &tasks.Modular{Modulus: -1}), "-modulus -1: must be 2 to 1024"},
		{of("recall", &tasks.Recall{Symbols: 17}), "-symbols 17: must be at most -alphabet 16"},
		{Config{Name: "copy", Seq: 5}, "-seq 5: must be at least 21"},
		{Config{Name: "parity", Seq: tasks.MaxLen}, "validating at 2 times the length: -seq 33554432: must be 1 to 16777216"},
	} {
		_, err := Open(c.cfg, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: error %v, want one line with %q", c.cfg, err, c.want)
		}
	}
}

// needy is a task with a rule between its settings.
type needy struct{ Text }

func (n *needy) Validate(seq int) error {
	if seq == 3 {
		return errors.New("-seq 3: must not be 3")
	}
	return nil
}

// TestOpenValidates: Open of a configuration applies the task's rule before it opens the task.
func TestOpenValidates(t *testing.T) {
	if _, err := Open(Config{Name: "text", Seq: 3, Task: &needy{}}, 1); err == nil || err.Error() != "-seq 3: must not be 3" {
		t.Errorf("error %v", err)
	}
}
