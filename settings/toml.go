package settings

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"

	"goomtrain/internal/regular"
)

// maxFile is the largest size of a settings file in bytes. A larger one is a mistake, such as a corpus.
const maxFile = 1 << 20

// ReadFile reads the NAME = value lines of a TOML file and returns them in order. It does not check the names;
// Table.Set does.
func ReadFile(path string) ([]Pair, error) {
	text, err := regular.ReadFile(path, maxFile)
	if err != nil {
		return nil, err
	}
	return ReadTOML(path, string(text))
}

// ReadTOML is ReadFile for a text. Errors call it file.
func ReadTOML(file, text string) ([]Pair, error) {
	var values map[string]any
	meta, err := toml.Decode(text, &values)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return nil, fmt.Errorf("%s: line %d: %s", file, parse.Position.Line, parse.Message)
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var given []Pair
	for _, key := range meta.Keys() {
		p := Pair{Name: key[0], File: file, literal: values[key[0]]}
		switch p.literal.(type) {
		case string, int64, float64, bool:
			p.Text = fmt.Sprint(p.literal)
		default:
			return nil, fmt.Errorf("%s: %s: one value expected, not a table, list or date", file, p.Name)
		}
		given = append(given, p)
	}
	return given, nil
}

// TOML returns the table as a file that ReadFile can read, with a comment on each value. It omits settings of
// one call.
func (t Table) TOML() string {
	var b strings.Builder
	group := ""
	for _, s := range t {
		if s.OneCall {
			continue
		}
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "\n# %s\n", group)
		}
		text := s.Text()
		if s.quoted() {
			text = tomlString(text)
		}
		help := strings.Join(strings.Fields(s.help()), " ") // on one line
		fmt.Fprintf(&b, "%-30s # %s\n", s.Name+" = "+text, help)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// quoted reports whether TOML writes the present value in quotes.
func (s Setting) quoted() bool {
	switch v := s.Value.(type) {
	case *string, *[]int:
		return true
	case Range:
		return v.quoted()
	}
	return false
}

// tomlString quotes a text as a basic string of TOML. It escapes all characters that do not print, more than
// TOML requires, because the file may be shown on a terminal.
func tomlString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 1<<16:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
