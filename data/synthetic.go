package data

import (
	"cmp"
	"fmt"

	"goomtrain/data/tasks"
)

// Synthetic returns the Task of that name whose sequences are those of task, which is of package tasks or your
// own. Training has no end. There are three validation sets of 1,024 sequences of other random numbers: of the
// training length, twice and four times that length; see Config.EvalLengths for others. Name, length, settings and vocabulary identify the data:
// use another name when the sequences change.
func Synthetic(name string, task tasks.Task) Task { return &synthetic{task, name} }

type synthetic struct {
	tasks.Task
	name string
}

// Validate implements Task.
func (s *synthetic) Validate(seq int) error { return s.validate(Config{Seq: seq}) }

// Open implements Task.
func (s *synthetic) Open(seq int, seed uint64) (*Dataset, error) {
	return s.open(Config{Seq: seq}, seed)
}

// validate checks the lengths of a configuration.
func (s *synthetic) validate(c Config) error {
	q, err := s.training(c)
	for i := 0; i < len(c.EvalLengths) && err == nil; i++ {
		if _, err = q.At(c.EvalLengths[i]); err != nil {
			err = fmt.Errorf("-eval-lengths: %w", err)
		}
	}
	return err
}

// training returns the sequences to train on.
func (s *synthetic) training(c Config) (*tasks.Sequences, error) {
	q, err := tasks.New(s.Task, c.Seq)
	if err == nil && c.MinSeq > 0 {
		err = q.From(c.MinSeq)
	}
	return q, err
}

// open prepares the sequences of a configuration.
func (s *synthetic) open(c Config, seed uint64) (*Dataset, error) {
	sequences, err := s.training(c)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s: %v", s.name, sequences)
	d := &Dataset{
		Name:        s.name,
		Vocab:       sequences.Vocab,
		SeqLen:      sequences.Len,
		Fingerprint: fingerprint("task %s", text),
		Chance:      sequences.Chance,
		Summary:     fmt.Sprintf("%s, chance %.4g", text, sequences.Chance),
	}
	source := func(q *tasks.Sequences, set string, limit int) *source {
		return generatedSource(identity{s.name + "/" + set, q.Len, d.Fingerprint}, set, seed, limit, q.Fill)
	}
	d.Train = source(sequences, "train", 0)
	if c.MinSeq > 0 {
		d.Train = &varied{source(sequences, "train", 0), sequences}
	}
	// Each source has sequences of its own, as they have scratch memory.
	valid := func(set string, build func() (*tasks.Sequences, error)) error {
		q, err := build()
		if err != nil {
			return err
		}
		d.Valid = append(d.Valid, Validation{Name: set, Len: q.Len, Source: func() (Source, error) {
			own, err := build()
			if err != nil {
				return nil, err
			}
			return source(own, set, cmp.Or(c.Sequences, validSequences)), nil
		}})
		return nil
	}
	if d.ByLength = len(c.EvalLengths) > 0; d.ByLength {
		for _, n := range c.EvalLengths {
			if err := valid(lengthName(n), func() (*tasks.Sequences, error) { return sequences.At(n) }); err != nil {
				return nil, fmt.Errorf("-eval-lengths: %w", err)
			}
		}
		return d, nil
	}
	if err := valid("valid", func() (*tasks.Sequences, error) { return s.training(c) }); err != nil {
		return nil, err
	}
	for _, factor := range []int{2, 4} { // longer ones measure whether the model generalizes in length
		if err := valid(fmt.Sprintf("valid-%dx", factor), func() (*tasks.Sequences, error) { return sequences.Stretch(factor) }); err != nil {
			return nil, fmt.Errorf("validating at %d times the length: %w", factor, err)
		}
	}
	return d, nil
}

// lengthName names the validation set of one length of -eval-lengths.
func lengthName(n int) string { return fmt.Sprintf("valid-%d", n) }

// varied is the training source of sequences whose lengths vary.
type varied struct {
	*source
	sequences *tasks.Sequences
}

// Limit implements Growing.
func (v *varied) Limit(longest int) int {
	v.length = v.sequences.Within(longest)
	return v.length
}
