package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"goomtrain/internal/nearest"

	"github.com/BurntSushi/toml"
)

// A Setting is one named value.
type Setting struct {
	Name  string
	Group string // heading in the help and in written files
	Help  string // one line
	Value any    // *int, *int64, *uint64, *float64, *string or *bool; it holds the default
	// OneCall settings are of one call, not of the work it does: written files leave them out.
	OneCall bool
}

// A Table is all settings of a command, in the order of the help.
type Table []Setting

// ErrHelp is returned by ParseFlags when help was asked for.
var ErrHelp = flag.ErrHelp

// A Pair is a value for a setting, as text.
type Pair struct{ Name, Text string }

func (t Table) names() []string {
	var out []string
	for _, s := range t {
		out = append(out, s.Name)
	}
	return out
}

func (t Table) find(name string) (Setting, bool) {
	for _, s := range t {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

// Set gives a setting the value that text stands for.
func (t Table) Set(p Pair) error {
	s, ok := t.find(p.Name)
	if !ok {
		return fmt.Errorf("there is no setting %q%s", p.Name, nearest.Hint(p.Name, t.names()))
	}
	return s.set(p.Text)
}

// set parses a value; the error says what was expected.
func (s Setting) set(text string) error {
	var err error
	want := ""
	switch v := s.Value.(type) {
	case *int:
		want = "a whole number"
		*v, err = strconv.Atoi(text)
	case *int64:
		want = "a whole number"
		*v, err = strconv.ParseInt(text, 10, 64)
	case *uint64:
		want = "a whole number from 0 to 2^63-1" // TOML knows no larger one
		*v, err = strconv.ParseUint(text, 10, 63)
	case *float64:
		want = "a number"
		var x float64
		if x, err = strconv.ParseFloat(text, 64); err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
			err = errors.New("not finite")
		} else if err == nil {
			*v = x
		}
	case *bool:
		want = "true or false"
		*v, err = strconv.ParseBool(text)
	case *string:
		*v = text
	default:
		panic(fmt.Sprintf("settings: %s points to %T", s.Name, s.Value))
	}
	if err != nil {
		return fmt.Errorf("%q is not %s", text, want)
	}
	return nil
}

// text is the present value as set reads it.
func (s Setting) text() string {
	switch v := s.Value.(type) {
	case *int:
		return strconv.Itoa(*v)
	case *int64:
		return strconv.FormatInt(*v, 10)
	case *uint64:
		return strconv.FormatUint(*v, 10)
	case *float64:
		return strconv.FormatFloat(*v, 'g', -1, 64)
	case *bool:
		return strconv.FormatBool(*v)
	case *string:
		return *v
	}
	panic(fmt.Sprintf("settings: %s points to %T", s.Name, s.Value))
}

// recorder collects flags in their order and refuses a second one of a name.
type recorder struct {
	setting Setting
	pairs   *[]Pair
}

func (r recorder) String() string   { return "" }
func (r recorder) IsBoolFlag() bool { _, ok := r.setting.Value.(*bool); return ok }
func (r recorder) Set(text string) error {
	for _, p := range *r.pairs {
		if p.Name == r.setting.Name {
			return fmt.Errorf("it is given twice, with %q before", p.Text)
		}
	}
	*r.pairs = append(*r.pairs, Pair{r.setting.Name, text})
	return r.setting.set(text)
}

// ParseFlags sets the table from command line arguments and returns what was given, in order. An
// argument that is no flag is returned in rest.
func (t Table) ParseFlags(args []string) (given []Pair, rest []string, err error) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	for _, s := range t {
		set.Var(recorder{s, &given}, s.Name, s.Help)
	}
	for {
		if err := set.Parse(args); err != nil {
			if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
				return nil, nil, fmt.Errorf("there is no flag -%s%s (-h lists all)", name, flagHint(name, t.names()))
			}
			return nil, nil, err
		}
		if set.NArg() == 0 {
			return given, rest, nil
		}
		rest, args = append(rest, set.Arg(0)), set.Args()[1:]
	}
}

func flagHint(name string, valid []string) string {
	if near := nearest.Name(name, valid); near != "" {
		return fmt.Sprintf("; did you mean -%s?", near)
	}
	return ""
}

// ReadFile sets the table from a TOML file of NAME = value lines and returns what was given.
func (t Table) ReadFile(path string) ([]Pair, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	given, err := t.ReadTOML(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return given, nil
}

// ReadTOML is ReadFile of a text.
func (t Table) ReadTOML(text string) ([]Pair, error) {
	var values map[string]any
	meta, err := toml.Decode(text, &values)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return nil, fmt.Errorf("line %d: %s", parse.Position.Line, parse.Message)
		}
		return nil, err
	}
	var given []Pair
	for _, key := range meta.Keys() {
		name := key.String()
		s, ok := t.find(name)
		if !ok {
			return nil, fmt.Errorf("there is no key %q%s", name, nearest.Hint(name, t.names()))
		}
		p := Pair{Name: name}
		switch v := values[name].(type) {
		case string:
			if _, ok := s.Value.(*string); !ok {
				return nil, fmt.Errorf("%s = %q: it takes no text: write it without quotes", name, v)
			}
			p.Text = v
		case int64, float64, bool:
			if _, ok := s.Value.(*string); ok {
				return nil, fmt.Errorf("%s = %v: it takes text: write it in quotes", name, v)
			}
			p.Text = fmt.Sprint(v)
		default:
			return nil, fmt.Errorf("%s: one value expected, not a table, list or date", name)
		}
		if err := s.set(p.Text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		given = append(given, p)
	}
	return given, nil
}

// TOML writes the table as a file that ReadFile reads back, each value with its meaning.
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
		text := s.text()
		if _, ok := s.Value.(*string); ok {
			text = tomlString(text)
		}
		fmt.Fprintf(&b, "%-30s # %s\n", s.Name+" = "+text, s.Help)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// tomlString quotes a text as TOML's basic string.
func tomlString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Help writes the flags by group with their defaults.
func (t Table) Help(w io.Writer) {
	group := ""
	for _, s := range t {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(w, "\n%s:\n", group)
		}
		usage := s.Help
		if text := s.text(); text != "" && text != "false" {
			usage += " (" + text + ")"
		}
		fmt.Fprintf(w, "  %-16s %s\n", "-"+s.Name, usage)
	}
}

// Differences names the settings in which two tables of one layout differ, with both values.
func Differences(a, b Table) []string {
	var out []string
	for i, s := range a {
		if x, y := s.text(), b[i].text(); x != y && !s.OneCall {
			out = append(out, fmt.Sprintf("%s: %s | %s", s.Name, shown(x), shown(y)))
		}
	}
	return out
}

func shown(text string) string {
	if text == "" {
		return `""`
	}
	return text
}
