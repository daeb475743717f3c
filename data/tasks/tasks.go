package tasks

import (
	"fmt"
	"strconv"
	"strings"

	"goomtrain/rng"
	"goomtrain/settings"
)

// MaxLen is the largest number of positions of a sequence: a mistyped number must not ask for all the
// memory there is.
const MaxLen = 1 << 24

// A Task is the settings of a synthetic task. A struct of settings implements it by pointer.
type Task interface {
	// Settings returns the settings that the task has beside the length of a sequence.
	Settings() settings.Table
	// Build returns the sequences of seq positions, or of the task's default length where seq is 0. The
	// settings satisfy their own rules and seq is at most MaxLen; Build checks the rules between them, and
	// its error names the settings and the rule. Build does not change the task.
	Build(seq int) (*Sequences, error)
}

// Sequences draws the sequences of a task, all of one length. What Draw writes to besides the two rows
// belongs to it, so each goroutine needs Sequences of its own.
type Sequences struct {
	Settings settings.Table // the task's, with every default filled in
	Len      int            // positions of a sequence
	Vocab    int            // inputs and targets are in [0, Vocab)
	Chance   float64        // accuracy at chance level; 0: the task has no accuracy worth reporting
	// Draw writes one sequence, every element of both rows of Len positions, from the random numbers alone.
	Draw func(r *rng.Stream, inputs, targets []int32)
	// Longer returns the task and seq to validate on at factor times the length. It may be nil: then it is
	// the same task at factor times Len positions.
	Longer func(factor int) (Task, int)

	task Task
}

// Seq is the setting of the number of positions of a sequence.
func Seq(value *int) settings.Setting {
	return settings.Setting{Name: "seq", Help: "positions of a sequence", Value: value, Change: settings.Frozen,
		Rule: settings.Between(1, MaxLen), Zero: "the task's default"}
}

// New returns the sequences of a task of seq positions, or of the task's default length where seq is 0. An
// error names the setting that breaks a rule, its value and the rule. New panics if what the task builds
// cannot be drawn from.
func New(task Task, seq int) (*Sequences, error) {
	if err := append(settings.Table{Seq(&seq)}, task.Settings()...).Validate(); err != nil {
		return nil, err
	}
	s, err := task.Build(seq)
	if err != nil {
		return nil, err
	}
	if s.Len < 1 || s.Len > MaxLen || s.Vocab < 1 || s.Draw == nil {
		panic(fmt.Sprintf("tasks: %T builds sequences of %d positions, vocabulary %d, Draw %v; it needs 1 to %d, at least 1, true",
			task, s.Len, s.Vocab, s.Draw != nil, MaxLen))
	}
	s.task = task
	return s, nil
}

// Fill draws one sequence. Both rows have Len positions, and every element of both is written.
func (s *Sequences) Fill(r *rng.Stream, inputs, targets []int32) {
	if len(inputs) != s.Len || len(targets) != s.Len {
		panic(fmt.Sprintf("tasks: %T fills rows of %d positions, got %d and %d", s.task, s.Len, len(inputs), len(targets)))
	}
	s.Draw(r, inputs, targets)
}

// Stretch returns sequences of the same task at factor times the length.
func (s *Sequences) Stretch(factor int) (*Sequences, error) {
	if s.Longer == nil {
		return New(s.task, factor*s.Len)
	}
	task, seq := s.Longer(factor)
	return New(task, seq)
}

// String lists the length, the settings and the vocabulary, for a run's first lines and for fingerprints.
func (s *Sequences) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seq %d", s.Len)
	for _, v := range s.Settings {
		text := v.Text()
		if _, ok := v.Value.(*string); ok {
			text = strconv.Quote(text) // no text may read like further settings
		}
		fmt.Fprintf(&b, ", %s %s", v.Name, text)
	}
	fmt.Fprintf(&b, ", vocabulary %d", s.Vocab)
	return b.String()
}

// size is a setting of low to high, where 0 stands for a default.
func size(name, help string, value *int, low, high int, zero string) settings.Setting {
	return settings.Setting{Name: name, Help: help, Value: value, Change: settings.Frozen,
		Rule: settings.Between(float64(low), float64(high)), Zero: zero}
}

// ignored is the target of positions that do not count.
const ignored = -1

// maxAlphabet is the largest number of different symbols, keys or values.
const maxAlphabet = 1 << 16

// repeat sets every element of a row to one value.
func repeat(row []int32, value int32) {
	for i := range row {
		row[i] = value
	}
}
