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

// An Object is a JSON object of a line of JSONL.
type Object map[string]json.RawMessage

// Objects calls yield with the object of every line of a file of JSONL that is not blank. It returns the first error of
// the file or of yield, with the line.
func (f *File) Objects(yield func(Object) error) error {
	in := newLines(f)
	for in.scan() {
		line := bytes.TrimSpace(in.line())
		if len(line) == 0 {
			continue
		}
		o, err := parseObject(line)
		if err == nil {
			err = yield(o)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", in.number, err)
		}
	}
	if err := in.end(); err != io.EOF {
		return err
	}
	return nil
}

// parseObject parses a line.
func parseObject(line []byte) (o Object, err error) {
	if err := checkUTF16(line); err != nil {
		return nil, err
	}
	if !utf8.Valid(line) { // which package json would replace
		return nil, errors.New("it is not UTF-8")
	}
	if err := json.Unmarshal(line, &o); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, fmt.Errorf("it is a JSON %s, not an object", kind.Value)
		}
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	if o == nil {
		return nil, errors.New("it is a JSON null, not an object")
	}
	return o, nil
}

// Value returns the JSON of a field, which may be nested.
func (o Object) Value(field string) (json.RawMessage, error) {
	if len(o) == 0 {
		return nil, errors.New("it has no fields")
	}
	value, ok := o[field]
	if ok {
		return value, nil
	}
	outer, inner, nested := strings.Cut(field, ".")
	if value := o[outer]; nested && len(value) > 0 && value[0] == '{' {
		o, err := parseObject(value)
		if err != nil {
			return nil, err
		}
		return o.Value(inner)
	}
	return nil, fmt.Errorf("it has no field %q%s", field, nearest.Hint(field, slices.Sorted(maps.Keys(o))))
}

// Text returns the string of a field, which may be nested. A string that is no text is an error.
func (o Object) Text(field string) ([]byte, error) {
	value, err := o.Value(field)
	if err != nil {
		return nil, err
	}
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return nil, fmt.Errorf("field %q is %s, not a string", field, printable.Short(string(value), 20))
	}
	if strings.ContainsRune(text, utf8.RuneError) && loneSurrogate(value) {
		return nil, errors.New("its text has half of a surrogate pair, which is no character")
	}
	return []byte(text), CheckText([]byte(text))
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

// CheckText returns an error unless text can be a document.
func CheckText(text []byte) error {
	if err := checkUTF16(text); err != nil {
		return err
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return fmt.Errorf("byte %d of its text is NUL", i)
	}
	if !utf8.Valid(text) {
		return errors.New("its text is not UTF-8")
	}
	return nil
}

// checkUTF16 returns an error if text begins with the byte order mark of UTF-16.
func checkUTF16(text []byte) error {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return errors.New("it is UTF-16, not UTF-8: convert the file (iconv -f UTF-16 -t UTF-8)")
	}
	return nil
}
