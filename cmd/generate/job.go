package main

import (
	"fmt"
	"io"
	"os"

	"goomtrain/internal/printable"
	"goomtrain/models"
)

// A job is the work of one call.
type job struct {
	o      options
	saved  models.Saved
	text   *textWriter
	stderr io.Writer
}

// maxPrompt is the largest size of a prompt file. A larger one is a mistake, such as a corpus.
const maxPrompt = 64 << 20

// prompt returns the text to continue.
func (j job) prompt() ([]byte, error) {
	if j.o.promptFile == "" {
		return []byte(j.o.prompt), nil
	}
	in := os.Stdin
	if j.o.promptFile != "-" {
		f, err := os.Open(j.o.promptFile)
		if err != nil {
			return nil, fmt.Errorf("prompt-file: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPrompt+1))
	if err != nil {
		return nil, fmt.Errorf("prompt-file: %w", err)
	}
	if len(text) > maxPrompt {
		return nil, fmt.Errorf("prompt-file %s: longer than %d bytes", j.o.promptFile, maxPrompt)
	}
	return text, nil
}

// A textWriter writes text in whole characters: a token may end within a character, whose bytes then wait for the
// rest. On a terminal, characters that could control it are replaced.
type textWriter struct {
	out      io.Writer
	terminal bool
	pending  []byte // of an incomplete character
}

// write adds bytes and writes all characters that are complete.
func (w *textWriter) write(text []byte) error {
	w.pending = append(w.pending, text...)
	return w.emit(printable.Whole(w.pending))
}

// flush writes the pending bytes, even if they are an incomplete character, and a line end if out is a terminal.
func (w *textWriter) flush() error {
	if w.terminal {
		w.pending = append(w.pending, '\n')
	}
	return w.emit(len(w.pending))
}

// emit writes the first n pending bytes.
func (w *textWriter) emit(n int) error {
	text := w.pending[:n]
	if w.terminal {
		text = []byte(printable.Text(text))
	}
	_, err := w.out.Write(text)
	w.pending = append(w.pending[:0], w.pending[n:]...)
	return err
}
