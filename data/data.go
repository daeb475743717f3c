package data

import (
	"crypto/sha256"
	"fmt"

	"goomtrain/data/tokenizer"
)

// A Batch is Size sequences of Len positions, row-major [Size, Len].
type Batch struct {
	Size, Len int
	Inputs    []int32 // [Size, Len], each in [0, Vocab)
	Targets   []int32 // [Size, Len], each in [0, Vocab), or -1: not counted
	// Bytes is how many bytes of text the counted targets stand for; 0: the data is not text. Separators
	// count as targets but stand for none. Bits per byte is the summed loss in nats / (ln 2 * Bytes).
	Bytes float64
}

// A Source draws sequences. It is not safe for concurrent use.
type Source interface {
	// Next fills b with b.Size sequences, which the caller has set to at least 1. It sets Len, growing
	// the slices only when they are too small, so that nothing is allocated from the second call on. A
	// finite source returns io.EOF, and no batch, when it has no sequence left.
	Next(b *Batch) error
	// State returns where the source stands, as JSON.
	State() ([]byte, error)
	// Restore moves the source to where it stood when State was called. If the state is damaged or comes
	// from another source, seed or data, it returns an error and the source stays as it was.
	Restore(state []byte) error
}

// A Validation is one set to validate on.
type Validation struct {
	Name string // "valid", or for longer sequences than trained on "valid-2x", "valid-4x"
	Len  int    // positions of a sequence
	// Source returns a fresh source at its beginning: every one draws the same sequences.
	Source func() (Source, error)
}

// Tokenizer turns text into token numbers and back; see package tokenizer.
type Tokenizer = tokenizer.Tokenizer

// A Dataset is everything there is to train and validate on.
type Dataset struct {
	Name        string       // the task
	Vocab       int          // inputs and targets are in [0, Vocab)
	SeqLen      int          // positions of a training sequence
	Fingerprint string       // hash of contents and settings: a run must not resume on data with another
	Train       Source       // without end
	Valid       []Validation // the first is the main one
	Tokenizer   Tokenizer    // nil: not text
	Chance      float64      // accuracy at chance level; 0: the task has no accuracy worth reporting
	Summary     string       // one line: what was opened, how much of it
	Notes       []string     // what the user should be told once, a line each
	Release     func() error // gives back what the sources hold, such as mapped or open files; nil: nothing
}

// Close calls Release, once. The dataset's sources must not be used any more.
func (d *Dataset) Close() error {
	release := d.Release
	d.Release = nil
	if release == nil {
		return nil
	}
	return release()
}

// fingerprint is the SHA-256 of a formatted text, in hexadecimal.
func fingerprint(format string, args ...any) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, format, args...)))
}
