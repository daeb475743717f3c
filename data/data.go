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
	// Bytes is the number of bytes of text that the counted targets stand for; 0: the data is not text.
	// Separators are counted targets but stand for no bytes. Bits per byte is the summed loss in nats / (ln 2 *
	// Bytes).
	Bytes float64
}

// A Source draws sequences. It is not safe for concurrent use.
type Source interface {
	// Next fills b with b.Size sequences, which the caller has set to at least 1. It sets Len, growing
	// the slices only when they are too small, so that nothing is allocated from the second call on. A
	// finite source returns io.EOF, and no batch, when it has no sequence left.
	Next(b *Batch) error
	// State returns the position of the source, as JSON.
	State() ([]byte, error)
	// Restore moves the source to the position that State returned. If the state is damaged or comes from
	// another source, seed or data, it returns an error and leaves the source unchanged.
	Restore(state []byte) error
}

// Growing is a Source of sequences of several lengths, of which the longer ones can be held back.
type Growing interface {
	Source
	// Limit makes longest the number of positions of a row: no sequence that is drawn from then on is longer. It
	// returns the length that it chose: the largest one of the source up to longest, or the smallest one where
	// that is larger. State and Restore do not include it.
	Limit(longest int) int
}

// A Validation is a set of sequences for validation.
type Validation struct {
	Name string // "valid", "valid-2x" or "valid-4x" by the length trained on, or "valid-64" by the length
	Len  int    // positions of a sequence
	// Source returns a new source at its beginning. Every one draws the same sequences.
	Source  func() (Source, error)
	Classes *Classes // as in the Dataset; nil: the sequences are not classified
}

// Tokenizer converts text to token numbers and back; see package tokenizer.
type Tokenizer = tokenizer.Tokenizer

// A Dataset is the data for training and validation.
type Dataset struct {
	Name        string       // the task
	Vocab       int          // inputs and targets are in [0, Vocab)
	SeqLen      int          // positions of a training sequence, of the longest where they vary
	Fingerprint string       // hash of contents and settings; a run resumes only on data with the same one
	Earlier     string       // the fingerprint that earlier versions gave this data, which runs may resume on too; may be ""
	Train       Source       // without end
	Valid       []Validation // the first is the main one
	ByLength    bool         // the validation sets differ only in length, and are reported as a table
	Tokenizer   Tokenizer    // nil: not text
	// TokenizerFile is the tokenizer's file, which a run keeps a copy of; nil: there is none.
	TokenizerFile *tokenizer.File
	Classes       *Classes     // nil: the sequences are not classified
	Rows          int          // of an image, whose pixels are a sequence row by row; 0: not images
	Chance        float64      // accuracy at chance level; 0: accuracy is not reported
	Summary       string       // one line: what was opened and its size
	Notes         []string     // notes for the user, one line each
	Release       func() error // releases what the sources hold, such as mapped or open files; may be nil
}

// Close calls Release, once. The sources of the dataset must not be used afterwards.
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
