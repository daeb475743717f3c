package labeled

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"goomtrain/data/documents"
	"goomtrain/internal/nearest"
)

// A reader reads the rows of one file.
type reader struct {
	in     io.Reader
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
	in := bufio.NewReader(file)
	if start, _ := in.Peek(len(byteOrderMark)); bytes.Equal(start, byteOrderMark) {
		in.Discard(len(byteOrderMark))
	}
	if err := read(&reader{in, f, yield}); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// row yields one row.
func (r *reader) row(line int, text []byte, label string) error {
	label, err := checkLabel(label)
	if err == nil {
		err = r.yield(Text{label, cut(text)})
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return nil
}

// readJSONL reads an object a line. Empty lines are skipped.
func readJSONL(r *reader) error {
	in := bufio.NewScanner(r.in)
	in.Buffer(nil, maxRow)
	number := 1
	for ; in.Scan(); number++ {
		line := bytes.TrimSpace(in.Bytes())
		if len(line) == 0 {
			continue
		}
		text, label, err := r.object(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := r.row(number, text, label); err != nil {
			return err
		}
	}
	switch err := in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d has more than %d bytes", number, maxRow)
	case err != nil:
		return fmt.Errorf("line %d: %w", number, err)
	}
	return nil
}

// object reads the two fields of a JSON object.
func (r *reader) object(line []byte) (text []byte, label string, err error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return nil, "", fmt.Errorf("it is no JSON object: %w", err)
	}
	names := slices.Sorted(maps.Keys(object))
	for _, name := range []string{r.fields.Text, r.fields.Label} {
		if object[name] == nil {
			return nil, "", missing(name, names)
		}
	}
	var body string
	if object[r.fields.Text][0] != '"' || json.Unmarshal(object[r.fields.Text], &body) != nil {
		return nil, "", fmt.Errorf("field %q is no text", r.fields.Text)
	}
	raw := object[r.fields.Label]
	switch raw[0] {
	case '"':
		err = json.Unmarshal(raw, &label)
	case '{', '[', 'n': // of null
		err = fmt.Errorf("the label in field %q is neither text nor a number, true or false", r.fields.Label)
	default:
		label = string(raw)
	}
	return []byte(body), label, err
}

// missing is the error about a field or column that is not there.
func missing(name string, names []string) error {
	return fmt.Errorf("it has no field %q%s (-text-field and -label-field name them)", name, nearest.Hint(name, names))
}

// readTable reads a table whose first row has the names of the columns.
func readTable(r *reader, comma rune) error {
	limited := &limit{in: r.in, left: maxRow}
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
	text, label := slices.Index(names, r.fields.Text), slices.Index(names, r.fields.Label)
	switch {
	case text < 0:
		return fmt.Errorf("line 1: %w", missing(r.fields.Text, names))
	case label < 0:
		return fmt.Errorf("line 1: %w", missing(r.fields.Label, names))
	}
	for line := 1; ; {
		limited.left = maxRow
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
		if err := r.row(line, []byte(row[text]), row[label]); err != nil {
			return err
		}
	}
}

// A limit is a reader that fails when one row takes too many bytes, as behind a quote that is never closed.
type limit struct {
	in   io.Reader
	left int
}

func (l *limit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("a row has more than %d bytes: is a quote missing?", maxRow)
	}
	n, err := l.in.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
