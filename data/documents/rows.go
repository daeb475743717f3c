package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
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

// fieldOf reads the field of a JSON object.
func fieldOf(object []byte, field string) ([]byte, error) {
	if bytes.HasPrefix(object, []byte("\xff\xfe")) || bytes.HasPrefix(object, []byte("\xfe\xff")) {
		return nil, errors.New("it is UTF-16, not UTF-8: convert the file (iconv -f UTF-16 -t UTF-8)")
	}
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
	if len(fields) == 0 {
		return nil, errors.New("it has no fields")
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
	if strings.ContainsRune(text, utf8.RuneError) && loneSurrogate(value) {
		return nil, errors.New("its text has half of a surrogate pair, which is no character")
	}
	return []byte(text), nil
}

// loneSurrogate reports whether a JSON string has an escape that is half of a surrogate pair, which package json would
// replace.
func loneSurrogate(value []byte) bool {
	var half rune // the first one, if it came last
	for i := 0; i < len(value); i++ {
		unit := rune(0)
		if value[i] == '\\' {
			if i++; value[i] == 'u' {
				n, _ := strconv.ParseUint(string(value[i+1:i+5]), 16, 16)
				unit = rune(n)
				i += 4
			}
		}
		switch second := unit >= 0xdc00 && unit < 0xe000; {
		case second != (half != 0):
			return true
		case utf16.IsSurrogate(unit) && !second:
			half = unit
		default:
			half = 0
		}
	}
	return half != 0
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
