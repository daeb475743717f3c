package settings

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"goomtrain/internal/nearest"
)

// A Table lists the settings of one owner, or of several one after another, in the order of the help.
type Table []Setting

// A Pair is a name and the value given for it.
type Pair struct {
	Name, Text string
	File       string // file that has it; "": a flag, or given by a program
	literal    any    // of a file: the value with its type; nil: any type that Text can be read as
}

// In returns the table with all settings under that heading.
func (t Table) In(group string) Table {
	t = slices.Clone(t)
	for i := range t {
		t[i].Group = group
	}
	return t
}

// Names lists the names of the settings in their order.
func (t Table) Names() []string {
	out := make([]string, len(t))
	for i, s := range t {
		out[i] = s.Name
	}
	return out
}

// Find returns the setting of that name.
func (t Table) Find(name string) (Setting, bool) {
	i := slices.IndexFunc(t, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return t[i], true
}

// Set sets a setting to the value of a pair. It does not apply the rule of the setting; see Validate.
func (t Table) Set(p Pair) error {
	s, ok := t.Find(p.Name)
	err := s.check(p)
	switch {
	case !ok:
		err = fmt.Errorf("there is no setting %q%s", p.Name, nearest.Hint(p.Name, t.Names()))
	case err == nil:
		err = s.parse(p.Text)
	}
	if err != nil && p.File != "" {
		err = fmt.Errorf("%s: %w", p.File, err)
	}
	return err
}

// check returns an error if a value of a file has quotes where it must not have them, or lacks them. Lists and
// ranges may have them: a single number needs none.
func (s Setting) check(p Pair) error {
	switch s.Value.(type) {
	case *[]int, Range:
		return nil
	}
	_, text := s.Value.(*string)
	switch _, quoted := p.literal.(string); {
	case p.literal == nil:
		return nil
	case quoted && !text:
		return fmt.Errorf("-%s %q: it takes no text: write it without quotes", p.Name, p.Text)
	case !quoted && text:
		return fmt.Errorf("-%s %s: it takes text: write it in quotes", p.Name, p.Text)
	}
	return nil
}

// IsZero reports whether the value is 0, in any notation, false or an empty text.
func (p Pair) IsZero() bool {
	x, err := strconv.ParseFloat(p.Text, 64)
	return p.Text == "" || p.Text == "false" || err == nil && x == 0
}

// Last returns the last value that a list has for a name, and whether it has one.
func Last(pairs []Pair, name string) (text string, given bool) {
	for _, p := range slices.Backward(pairs) {
		if p.Name == name {
			return p.Text, true
		}
	}
	return "", false
}

// Validate applies the rule of every setting and returns the first error.
func (t Table) Validate() error {
	for _, s := range t {
		if err := s.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Help writes the flags by group with their defaults.
func (t Table) Help(w io.Writer) {
	group := ""
	for _, s := range t {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(w, "\n%s:\n", group)
		}
		fmt.Fprintf(w, "  %-16s %s\n", "-"+s.Name, s.usage())
	}
}

// usage returns the help of the setting with its default.
func (s Setting) usage() string {
	usage := s.help()
	if text := s.Text(); text != "" && text != "false" {
		usage += " (" + text + ")"
	}
	return usage
}

// help returns the help of the setting with the meaning of zero and the valid names.
func (s Setting) help() string {
	help := s.Help
	if s.Rule.names != nil {
		names := s.Rule.choices()
		if help == "" {
			help = names
		} else {
			help += ": " + names
		}
	}
	if s.Zero != "" {
		zero := "0"
		switch s.Value.(type) {
		case *string, *[]int:
			zero = "empty"
		}
		help += "; " + zero + ": " + s.Zero
	}
	return help
}

// A Difference is a setting whose value differs between two tables.
type Difference struct {
	Name          string
	Before, After string // "" where a table does not have the setting
	Change        Change
}

// String returns NAME: BEFORE | AFTER.
func (d Difference) String() string {
	return fmt.Sprintf("%s: %s | %s", d.Name, shown(d.Before), shown(d.After))
}

func shown(text string) string {
	if text == "" {
		return `""`
	}
	return text
}

// Differences lists the settings in which two tables differ, in the order of the first table, followed by those
// that only the second has. It ignores settings of one call.
func Differences(before, after Table) []Difference {
	var out []Difference
	for _, s := range before {
		d := Difference{Name: s.Name, Before: s.Text(), Change: s.Change}
		if other, ok := after.Find(s.Name); ok {
			d.After = other.Text()
		}
		if d.Before != d.After && !s.OneCall {
			out = append(out, d)
		}
	}
	for _, s := range after {
		if _, ok := before.Find(s.Name); !ok && !s.OneCall && s.Text() != "" {
			out = append(out, Difference{Name: s.Name, After: s.Text(), Change: s.Change})
		}
	}
	return out
}
