package extendtest_test

import (
	"cmp"
	"strings"
	"testing"

	"goomtrain/data"
	"goomtrain/data/tasks"
	"goomtrain/rng"
	"goomtrain/settings"
)

// echo is the settings of a task of another module: each target is the input of some positions before.
type echo struct {
	After int // positions; 0: 2
}

func (c *echo) Settings() settings.Table {
	return settings.Table{{Name: "echo-after", Help: "positions", Value: &c.After, Rule: settings.Between(1, 64), Zero: "2", Change: settings.Frozen}}
}

func (c *echo) Build(seq int) (*tasks.Sequences, error) {
	all := &echo{After: cmp.Or(c.After, 2)}
	return &tasks.Sequences{
		Settings: all.Settings(), Len: cmp.Or(seq, 12), Vocab: 4, Chance: 1. / 4,
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			for t := range inputs {
				inputs[t], targets[t] = int32(r.IntN(4)), -1
				if t >= all.After {
					targets[t] = inputs[t-all.After]
				}
			}
		},
	}, nil
}

// proverbs is a task of another module whose tokens are text, with a dataset that it has to release.
type proverbs struct{ data.Text }

var released int

func (p *proverbs) Open(seq int, seed uint64) (*data.Dataset, error) {
	d, err := p.Text.Open(seq, seed)
	if err != nil {
		return nil, err
	}
	text := d.Release
	d.Name, d.Release = "proverbs", func() error {
		released++
		return text()
	}
	return d, nil
}

func init() {
	data.Register("echo", "the input of some positions before; vocabulary 4, chance 1/4", func() data.Task {
		return data.Synthetic("echo", &echo{})
	})
	data.Register("proverbs", "next token of wise text; vocabulary of the tokenizer", func() data.Task { return &proverbs{} })
}

// TestTask: a task of another module has a flag with a rule and an owner, stands in the help and in config.toml,
// resumes exactly on the same sequences alone, and is validated at greater lengths.
func TestTask(t *testing.T) {
	helpHas(t, "task", "parity", "echo")
	helpHas(t, "echo-after", "(echo)", "0: 2")
	refused(t, "-echo-after: task text has no such setting, only echo: leave it out", "-echo-after", "3")
	refused(t, "-echo-after 65: must be 1 to 64", "-task", "echo", "-echo-after", "65")
	refused(t, "-sample only works with -task text", "-task", "echo", "-sample", "10")

	dir, console := sameAt40(t, "-task", "echo", "-echo-after", "3")
	for _, want := range []string{"echo: seq 12, echo-after 3, vocabulary 4, chance 0.25", "valid-4x: loss", "acc"} {
		if !strings.Contains(console, want) {
			t.Errorf("the console lacks %q:\n%s", want, console)
		}
	}
	configHas(t, dir, `task = "echo"`, "echo-after = 3", "seq = 12", "vocab = 4")
	refused(t, "resume: -echo-after is 4, but the run has 3", "-resume", dir, "-echo-after", "4")
}

// TestTextTask: a task of another module whose tokens are text ends with a sample, and its dataset is released.
func TestTextTask(t *testing.T) {
	released = 0
	flags := append(writeText(t), "-task", "proverbs")
	_, console := run(t, short(t, "5", append(flags, "-sample", "20")...)...)
	if !strings.Contains(console, "sample:\n") || !strings.Contains(console, "mine -from") {
		t.Errorf("the run has no sample:\n%s", console)
	}
	if released != 1 {
		t.Errorf("the dataset is released %d times", released)
	}
}
