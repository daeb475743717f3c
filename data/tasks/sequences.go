package tasks

import (
	"fmt"
	"strconv"
	"strings"

	"goomtrain/rng"
	"goomtrain/settings"
)

// Sequences draws the sequences of a task. What Draw writes to besides the two rows belongs to it, so each
// goroutine needs Sequences of its own.
type Sequences struct {
	Settings settings.Table // the task's, with every default filled in
	Len      int            // positions of the longest sequence
	Vocab    int            // inputs and targets are in [0, Vocab)
	Chance   float64        // accuracy at chance level; 0: the task has no accuracy worth reporting
	// Draw writes one sequence, every element of both rows of Len positions, from the random numbers alone.
	Draw func(r *rng.Stream, inputs, targets []int32)
	// Shortest and Step say which shorter rows Draw can fill as well: those of Shortest, Shortest+Step, ... up
	// to Len positions. A Shortest of 0 means none, a Step of 0 means 1.
	Shortest, Step int
	// Longer returns the task and seq to validate on at factor times the length. It may be nil: then it is
	// the same task at factor times Len positions.
	Longer func(factor int) (Task, int)
	// AtLength returns the task to validate on with sequences of n positions. It may be nil: then it is the
	// same task.
	AtLength func(n int) Task

	task Task
	from int // positions of the shortest sequence drawn; Len: all have that many
}

// New returns the sequences of a task of seq positions, or of the task's default length where seq is 0. An
// error names the setting that breaks a rule, its value and the rule. New panics if what the task builds
// cannot be drawn from.
func New(task Task, seq int) (*Sequences, error) {
	if err := append(settings.Table{Seq(new(int), &seq)}, task.Settings()...).Validate(); err != nil {
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
	if s.Step = max(s.Step, 1); s.Shortest < 0 || s.Shortest > s.Len || s.Shortest > 0 && (s.Len-s.Shortest)%s.Step != 0 {
		panic(fmt.Sprintf("tasks: %T builds sequences of %d positions, which are not among %d, %d, ...", task, s.Len, s.Shortest, s.Shortest+s.Step))
	}
	s.task, s.from = task, s.Len
	return s, nil
}

// Varies reports whether Draw can fill rows of other lengths.
func (s *Sequences) Varies() bool { return s.Shortest > 0 }

// From makes the lengths vary: each sequence draws its own, uniformly from those of the task that lie between
// shortest and Len. It returns an error if the task has sequences of one length only.
func (s *Sequences) From(shortest int) error {
	if shortest < 1 || shortest > s.Len {
		panic(fmt.Sprintf("tasks: sequences from %d positions on, want 1 to %d", shortest, s.Len))
	}
	if !s.Varies() {
		return fmt.Errorf("-seq %d:%d: with these settings all sequences have %d positions: give one number", shortest, s.Len, s.Len)
	}
	above := max(0, shortest-s.Shortest)
	s.from = s.Shortest + (above+s.Step-1)/s.Step*s.Step
	return nil
}

// Within returns the longest sequence of at most n positions, or the shortest one where that is longer.
func (s *Sequences) Within(n int) int {
	n = min(n, s.Len)
	if n <= s.from {
		return s.from
	}
	return n - (n-s.from)%s.Step
}

// Fill draws one sequence. Both rows have as many positions as the longest sequence to draw, usually Len. What
// is behind the end of a shorter sequence is 0 in inputs and -1 in targets. Every element of both rows is
// written.
func (s *Sequences) Fill(r *rng.Stream, inputs, targets []int32) {
	longest := len(inputs)
	if longest != len(targets) || longest != s.Within(longest) {
		panic(fmt.Sprintf("tasks: %T fills rows of %d to %d positions, got %d and %d", s.task, s.from, s.Len, longest, len(targets)))
	}
	n := longest
	if s.from < longest {
		n = s.from + s.Step*r.IntN((longest-s.from)/s.Step+1)
	}
	s.Draw(r, inputs[:n], targets[:n])
	repeat(inputs[n:], 0)
	repeat(targets[n:], ignored)
}

// Stretch returns sequences of the same task, all of factor times Len positions.
func (s *Sequences) Stretch(factor int) (*Sequences, error) {
	if s.Longer == nil {
		return New(s.taskAt(factor*s.Len), factor*s.Len)
	}
	task, seq := s.Longer(factor)
	return New(task, seq)
}

// At returns sequences of the same task, all of n positions.
func (s *Sequences) At(n int) (*Sequences, error) {
	if !s.Varies() {
		return nil, fmt.Errorf("sequences of %d positions: with these settings all have %d", n, s.Len)
	}
	return New(s.taskAt(n), n)
}

func (s *Sequences) taskAt(n int) Task {
	if s.AtLength == nil {
		return s.task
	}
	return s.AtLength(n)
}

// String lists the length, the settings and the vocabulary, for a run's first lines and for fingerprints.
func (s *Sequences) String() string {
	var b strings.Builder
	if s.from < s.Len {
		fmt.Fprintf(&b, "seq %d:%d", s.from, s.Len)
	} else {
		fmt.Fprintf(&b, "seq %d", s.Len)
	}
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
