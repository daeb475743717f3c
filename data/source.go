package data

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"goomtrain/rng"
)

// source is the Source of every task: what differs between them is how one sequence is drawn.
type source struct {
	id       identity
	earlier  string   // another fingerprint that states may have; see Dataset.Earlier
	bytes    []uint16 // [Vocab]: bytes of text that a token stands for; nil: not text
	iterator iterator
	length   int // positions of a row; 0: id.SeqLen
}

// identity is what the states of two sources must have in common to be exchanged.
type identity struct {
	Source string `json:"source"` // task and set, like "text/train"
	SeqLen int    `json:"seq"`
	Data   string `json:"data"` // the dataset's fingerprint
}

// position is where an iterator stands. Not every iterator has both parts.
type position struct {
	RNG  *rng.State `json:"rng,omitempty"`
	Next int        `json:"next"`
}

// An iterator draws one sequence after another.
type iterator interface {
	// draw fills two rows of the source's length and reports whether there was another sequence.
	draw(inputs, targets []int32) bool
	position() position
	// seek moves to a position, which comes from a file and may be invalid: then seek returns an error and
	// changes nothing.
	seek(position) error
}

// Next implements Source.
func (s *source) Next(b *Batch) error {
	if b.Size < 1 {
		panic(fmt.Sprintf("data: Next needs a Batch.Size of at least 1, got %d", b.Size))
	}
	length := cmp.Or(s.length, s.id.SeqLen)
	b.Len, b.Bytes = length, 0
	b.Inputs, b.Targets = resize(b.Inputs, b.Size*length), resize(b.Targets, b.Size*length)
	for row := range b.Size {
		inputs, targets := b.Inputs[row*length:(row+1)*length], b.Targets[row*length:(row+1)*length]
		if s.iterator.draw(inputs, targets) {
			continue
		}
		if row == 0 {
			return io.EOF
		}
		for i := range inputs { // fill up with sequences that do not count
			inputs[i], targets[i] = 0, -1
		}
	}
	if s.bytes != nil {
		sum := 0
		for _, t := range b.Targets {
			if t >= 0 {
				sum += int(s.bytes[t])
			}
		}
		b.Bytes = float64(sum)
	}
	return nil
}

func resize(row []int32, n int) []int32 {
	if cap(row) < n {
		return make([]int32, n)
	}
	return row[:n]
}

// sourceState is the JSON of State.
type sourceState struct {
	identity
	position
}

// State implements Source.
func (s *source) State() ([]byte, error) {
	return json.Marshal(sourceState{s.id, s.iterator.position()})
}

var errState = errors.New("the saved state of the data source cannot be used")

// Restore implements Source.
func (s *source) Restore(state []byte) error {
	var saved sourceState
	d := json.NewDecoder(bytes.NewReader(state))
	d.DisallowUnknownFields()
	if err := d.Decode(&saved); err != nil {
		return fmt.Errorf("%w: %v", errState, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: there is more behind its end", errState)
	}
	switch {
	case saved.Source != s.id.Source:
		return fmt.Errorf("%w: it is of source %q, this is %q", errState, saved.Source, s.id.Source)
	case saved.SeqLen != s.id.SeqLen:
		return fmt.Errorf("%w: it is of sequences of length %d, these have %d", errState, saved.SeqLen, s.id.SeqLen)
	case saved.Data != s.id.Data && (saved.Data == "" || saved.Data != s.earlier):
		return fmt.Errorf("%w: the data or its settings have changed since (fingerprint %.12s, now %.12s): resume with the same data, or start a new run", errState, saved.Data, s.id.Data)
	}
	if err := s.iterator.seek(saved.position); err != nil {
		return fmt.Errorf("%w: %v", errState, err)
	}
	return nil
}

// sameStream returns an error if a saved generator is not of the same stream and seed as this one.
func sameStream(saved *rng.State, here rng.State) error {
	switch {
	case saved == nil:
		return fmt.Errorf("it has no generator")
	case saved.Stream != here.Stream:
		return fmt.Errorf("its generator is %q, this is %q", saved.Stream, here.Stream)
	case saved.Seed != here.Seed:
		return fmt.Errorf("its seed is %d, this is %d: resume with the same seed", saved.Seed, here.Seed)
	}
	return nil
}
