package tasks

import (
	"fmt"
	"slices"
	"strings"

	"goomtrain/internal/nearest"
	"goomtrain/rng"
)

// Limits keep a mistyped number from asking for all the memory there is.
const (
	maxLen      = 1 << 24
	maxAlphabet = 1 << 16
	maxModulus  = 1 << 10 // the group's table has its square as size
)

// Settings are the sizes of a task; 0 stands for the task's default.
type Settings struct {
	SeqLen   int // T
	Delay    int // copy
	Symbols  int // n of copy, selective-copy, recall
	Alphabet int // a of copy, selective-copy, recall
	Modulus  int // m of modular
}

// A Task generates sequences. It holds scratch memory, so each goroutine needs its own.
type Task struct {
	Name     string
	Settings         // resolved: no zeros but in what the task does not have
	Vocab    int     // inputs and targets are in [0, Vocab)
	Chance   float64 // accuracy of guessing
	Counted  int     // targets of a sequence that count

	fill func(r *rng.Stream, inputs, targets []int32)
}

// Fill draws one sequence. Both rows have SeqLen positions; every one is written.
func (t *Task) Fill(r *rng.Stream, inputs, targets []int32) {
	if len(inputs) != t.SeqLen || len(targets) != t.SeqLen {
		panic(fmt.Sprintf("tasks: %s fills rows of %d positions, got %d and %d", t.Name, t.SeqLen, len(inputs), len(targets)))
	}
	t.fill(r, inputs, targets)
}

// family is one line of the registry: what a task of this name can be set to, and how to build it.
type family struct {
	name, about string
	defaults    Settings // a setting that is 0 here does not belong to the task
	build       func(t *Task) error
}

// registry lists every task, in the order of Names.
var registry = []family{
	{"copy", "recall 10 symbols after a delay; vocabulary 10, chance 1/8", Settings{SeqLen: 120, Delay: 100, Symbols: 10, Alphabet: 8}, buildCopy},
	{"selective-copy", "recall 10 symbols shown at random places among blanks; vocabulary 10, chance 1/8", Settings{SeqLen: 128, Symbols: 10, Alphabet: 8}, buildSelectiveCopy},
	{"parity", "parity of the bits so far, at every position; vocabulary 2, chance 1/2", Settings{SeqLen: 64}, buildParity},
	{"modular", "sum of the digits so far modulo 5, at every position; vocabulary 5, chance 1/5", Settings{SeqLen: 64, Modulus: 5}, buildModular},
	{"s3", "product of the permutations of 3 so far, at every position; vocabulary 6, chance 1/6", Settings{SeqLen: 64}, buildSymmetric(3)},
	{"s5", "product of the permutations of 5 so far, at every position; vocabulary 120, chance 1/120", Settings{SeqLen: 64}, buildSymmetric(5)},
	{"recall", "value of a queried key among 8 key-value pairs; vocabulary 32, chance 1/16", Settings{SeqLen: 64, Symbols: 8, Alphabet: 16}, buildRecall},
}

// Names lists what New accepts.
func Names() []string {
	names := make([]string, len(registry))
	for i, f := range registry {
		names[i] = f.name
	}
	return names
}

func find(name string) (family, error) {
	for _, f := range registry {
		if f.name == name {
			return f, nil
		}
	}
	return family{}, fmt.Errorf("unknown task %q%s", name, nearest.Hint(name, Names()))
}

// About says in one line what a task asks for with its default settings, or "" for an unknown name.
func About(name string) string {
	f, _ := find(name)
	return f.about
}

// New returns the task of that name with its settings resolved, or an error that names the setting and
// the rule it breaks.
func New(name string, s Settings) (*Task, error) {
	f, err := find(name)
	if err != nil {
		return nil, err
	}
	for _, v := range []struct {
		name  string
		value int
		dflt  int
		limit int
		users string
	}{
		{"seq", s.SeqLen, f.defaults.SeqLen, maxLen, ""},
		{"delay", s.Delay, f.defaults.Delay, maxLen, "copy"},
		{"symbols", s.Symbols, f.defaults.Symbols, maxLen, "copy, selective-copy, recall"},
		{"alphabet", s.Alphabet, f.defaults.Alphabet, maxAlphabet, "copy, selective-copy, recall"},
		{"modulus", s.Modulus, f.defaults.Modulus, maxModulus, "modular"},
	} {
		if v.value != 0 && v.dflt == 0 {
			return nil, fmt.Errorf("task %s has no %s, but it is set to %d (it belongs to %s)", name, v.name, v.value, v.users)
		}
		if v.value < 0 || v.value > v.limit {
			return nil, fmt.Errorf("%s of task %s must be from 1 to %d, got %d", v.name, name, v.limit, v.value)
		}
	}
	t := &Task{Name: name, Settings: s}
	t.Symbols = orDefault(s.Symbols, f.defaults.Symbols)
	t.Alphabet = orDefault(s.Alphabet, f.defaults.Alphabet)
	t.Modulus = orDefault(s.Modulus, f.defaults.Modulus)
	if name != "copy" { // whose length follows from its delay or the other way round
		t.SeqLen = orDefault(s.SeqLen, f.defaults.SeqLen)
	} else if s.Delay == 0 && s.SeqLen == 0 {
		t.Delay = f.defaults.Delay
	}
	if t.Alphabet == 1 || t.Modulus == 1 {
		return nil, fmt.Errorf("task %s needs at least 2 different answers, got 1: raise the alphabet or modulus", name)
	}
	if err := f.build(t); err != nil {
		return nil, err
	}
	return t, nil
}

func orDefault(value, dflt int) int {
	if value == 0 {
		return dflt
	}
	return value
}

// Stretch returns the task at factor times its length (copy: its delay), otherwise the same.
func (t *Task) Stretch(factor int) (*Task, error) {
	s := t.Settings
	s.SeqLen *= factor
	if t.Name == "copy" {
		s.SeqLen, s.Delay = 0, s.Delay*factor
	}
	return New(t.Name, s)
}

// String names the task with its settings, for a run's first lines and for fingerprints.
func (t *Task) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: seq %d", t.Name, t.SeqLen)
	for _, v := range []struct {
		name  string
		value int
	}{{"delay", t.Delay}, {"symbols", t.Symbols}, {"alphabet", t.Alphabet}, {"modulus", t.Modulus}} {
		if v.value != 0 {
			fmt.Fprintf(&b, ", %s %d", v.name, v.value)
		}
	}
	fmt.Fprintf(&b, ", vocabulary %d", t.Vocab)
	return b.String()
}

// Is reports whether a task of that name exists.
func Is(name string) bool { return slices.Contains(Names(), name) }
