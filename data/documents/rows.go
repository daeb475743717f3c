package documents

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"goomtrain/internal/nearest"
	"goomtrain/internal/printable"
)

// MaxRow is the largest number of bytes of a line of JSONL, and of a value of Parquet.
const MaxRow = 64 << 20

// A Row is one row of a file.
type Row struct {
	Number int    // line or row, from 1
	Text   []byte // valid until yield returns; may be empty
	Err    error  // why the row has no text; nil: it has
}

// Rows calls yield with every row of a file of JSONL or Parquet. Blank lines of JSONL are left out. It returns the
// first error of yield, or of the file itself, which has the row where it is known. The content of the file is written
// to hash.
func (f *File) Rows(field string, hash io.Writer, yield func(Row) error) error {
	if f.Layout != Parquet {
		return readJSONL(io.TeeReader(f, hash), field, yield)
	}
	if err := readParquet(&countedAt{f.file, f.count}, f.size, field, yield); err != nil {
		return err
	}
	_, err := io.Copy(hash, io.NewSectionReader(f.file, 0, f.size))
	return err
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// readJSONL reads one object a line.
func readJSONL(r io.Reader, field string, yield func(Row) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), MaxRow)
	number := 1
	for ; in.Scan(); number++ {
		line := in.Bytes()
		if number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		text, err := fieldOf(line, field)
		if err == nil {
			err = checkText(text)
		}
		if err := yield(Row{number, text, err}); err != nil {
			return err
		}
	}
	switch err := in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d has more than %d MiB: split it into several documents", number, MaxRow>>20)
	case err != nil:
		return fmt.Errorf("line %d: %w", number, err)
	}
	return nil
}

// fieldOf reads the field of a JSON object.
func fieldOf(object []byte, field string) ([]byte, error) {
	if !utf8.Valid(object) { // which package json would replace
		return nil, errors.New("it is not UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, fmt.Errorf("it is a JSON %s, not an object", kind.Value)
		}
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	if fields == nil {
		return nil, errors.New("it is a JSON null, not an object")
	}
	value, ok := fields[field]
	if !ok {
		outer, inner, nested := strings.Cut(field, ".")
		if value := fields[outer]; nested && len(value) > 0 && value[0] == '{' {
			return fieldOf(value, inner)
		}
		return nil, fmt.Errorf("it has no field %q%s", field, nearest.Hint(field, slices.Sorted(maps.Keys(fields))))
	}
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return nil, fmt.Errorf("field %q is %s, not a string", field, printable.Short(string(value), 20))
	}
	return []byte(text), nil
}

// checkText returns an error unless text can be a document.
func checkText(text []byte) error {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return fmt.Errorf("byte %d of its text is NUL", i)
	}
	if !utf8.Valid(text) {
		return errors.New("its text is not UTF-8")
	}
	return nil
}
