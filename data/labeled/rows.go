package labeled

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"

	"goomtrain/data/documents"
	"goomtrain/internal/nearest"
)

// A reader reads the rows of one file.
type reader struct {
	in     *documents.File
	fields Fields
	yield  func(Text) error
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// readFile opens a file, and names it in the errors of read.
func readFile(path string, f Fields, yield func(Text) error, read func(*reader) error) error {
	file, err := documents.Open(path, documents.FormatOf(path), nil)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := read(&reader{file, f, yield}); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// row yields one row.
func (r *reader) row(text []byte, label string) error {
	label, err := checkLabel(label)
	if err != nil {
		return err
	}
	return r.yield(Text{label, cut(text)})
}

// readJSONL reads an object a line. Empty lines are skipped.
func readJSONL(r *reader) error {
	return r.in.Objects(func(o documents.Object) error {
		for _, name := range []string{r.fields.Text, r.fields.Label} {
			if _, err := o.Value(name); err != nil {
				return named(err)
			}
		}
		text, err := o.Text(r.fields.Text)
		if err != nil {
			return err
		}
		label, err := r.label(o)
		if err != nil {
			return err
		}
		return r.row(text, label)
	})
}

// label returns the label of an object, of which a number, true and false are their JSON.
func (r *reader) label(o documents.Object) (string, error) {
	value, err := o.Value(r.fields.Label)
	if err != nil {
		return "", err
	}
	switch value[0] {
	case '"':
		label, err := o.Text(r.fields.Label)
		if err != nil {
			return "", fmt.Errorf("its label: %w", err)
		}
		return string(label), nil
	case '{', '[', 'n': // of null
		return "", fmt.Errorf("the label in field %q is neither text nor a number, true or false", r.fields.Label)
	}
	return string(value), nil
}

// named is the error about a field or column that is not there.
func named(err error) error {
	return fmt.Errorf("%w (-text-field and -label-field name them)", err)
}

// readTable reads a table whose first row has the names of the columns.
func readTable(r *reader, comma rune) error {
	start := bufio.NewReader(r.in)
	if mark, _ := start.Peek(len(byteOrderMark)); bytes.Equal(mark, byteOrderMark) {
		start.Discard(len(byteOrderMark))
	}
	limited := &limit{in: start, left: documents.MaxRow}
	in := csv.NewReader(limited)
	in.Comma = comma
	in.ReuseRecord = true
	header, err := in.Read()
	if err == io.EOF {
		return errors.New("it is empty: the first row must name the columns")
	} else if err != nil {
		return err
	}
	names := slices.Clone(header)
	text, err := column(names, r.fields.Text)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	label, err := column(names, r.fields.Label)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	for line := 1; ; {
		limited.left = documents.MaxRow
		row, err := in.Read()
		var bad *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			return err // it names the line
		case err != nil:
			return fmt.Errorf("after line %d: %w", line, err)
		}
		line, _ = in.FieldPos(0)
		body := []byte(row[text])
		if err = documents.CheckText(body); err == nil {
			err = r.row(body, row[label])
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// column returns the index of the column of a name.
func column(names []string, name string) (int, error) {
	for _, n := range names {
		if err := documents.CheckText([]byte(n)); err != nil {
			return 0, err
		}
	}
	i := slices.Index(names, name)
	switch {
	case i < 0:
		return 0, named(fmt.Errorf("it has no field %q%s", name, nearest.Hint(name, names)))
	case slices.Contains(names[i+1:], name):
		return 0, fmt.Errorf("it has several columns %q: rename all but one", name)
	}
	return i, nil
}

// A limit is a reader that fails when one row takes too many bytes, as behind a quote that is never closed.
type limit struct {
	in   io.Reader
	left int
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("a row has more than %d MiB: is a quote missing?", documents.MaxRow>>20)
	}
	n, err := l.in.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
