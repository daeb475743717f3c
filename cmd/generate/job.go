package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"goomtrain/internal/printable"
	"goomtrain/models"
)

// A job is the work of one call.
type job struct {
	ctx    context.Context // ends the texts
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
	return readText("prompt-file", j.o.promptFile)
}

// prompts returns the texts to continue: the lines of a file, but for empty ones, or a single text.
func (j job) prompts() ([][]byte, error) {
	if j.o.prompts == "" {
		text, err := j.prompt()
		return [][]byte{text}, err
	}
	text, err := readText("prompts", j.o.prompts)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // the byte order mark, which editors of some systems put before a text
	var lines [][]byte
	for line := range bytes.Lines(text) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return nil, fmt.Errorf("prompts %s: no line has a prompt", j.o.prompts)
	}
	return lines, nil
}

// readText reads the file of a flag; - stands for standard input.
func readText(flag, path string) ([]byte, error) {
	in := os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPrompt+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if len(text) > maxPrompt {
		return nil, fmt.Errorf("%s %s: longer than %d bytes", flag, path, maxPrompt)
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
