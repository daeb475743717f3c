package data

import (
	"fmt"

	"goomtrain/data/tasks"
)

// Synthetic returns the Task of that name whose sequences are those of task, which is of package tasks or your
// own. Training has no end. There are three validation sets of 1,024 sequences of other random numbers: of the
// training length, twice and four times that length. Name, length, settings and vocabulary identify the data:
// use another name when the sequences change.
func Synthetic(name string, task tasks.Task) Task { return &synthetic{task, name} }

type synthetic struct {
	tasks.Task
	name string
}

// Validate implements Task.
func (s *synthetic) Validate(seq int) error {
	_, err := tasks.New(s.Task, seq)
	return err
}

// Open implements Task.
func (s *synthetic) Open(seq int, seed uint64) (*Dataset, error) {
	sequences, err := tasks.New(s.Task, seq)
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
	for _, factor := range []int{1, 2, 4} { // longer ones measure whether the model generalizes in length
		set := "valid"
		if factor > 1 {
			set = fmt.Sprintf("valid-%dx", factor)
		}
		longer, err := sequences.Stretch(factor)
		if err != nil {
			return nil, fmt.Errorf("validating at %d times the length: %w", factor, err)
		}
		d.Valid = append(d.Valid, Validation{Name: set, Len: longer.Len, Source: func() (Source, error) {
			own, err := sequences.Stretch(factor) // of its own, as Sequences have scratch memory
			if err != nil {
				return nil, err
			}
			return source(own, set, validSequences), nil
		}})
	}
	return d, nil
}
