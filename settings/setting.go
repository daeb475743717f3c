package settings

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"goomtrain/internal/nearest"
)

// A Setting is one named value of a configuration.
type Setting struct {
	Name  string // of the flag and of the key in files
	Help  string // one line
	Value any    // *int, *int64, *uint64, *float64, *string, *bool, *[]int or Range; it holds the default
	Rule  Rule   // condition on the value; the zero Rule accepts all values of the type

	// Zero is the meaning of 0 or an empty text, such as "the whole batch"; "" if that is a value like any
	// other. If ZeroKeeps is set, giving 0 or an empty text keeps the default.
	Zero      string
	ZeroKeeps bool

	Change  Change // whether a resumed run may change it
	Group   string // heading in the help and in written files; see Table.In
	OneCall bool   // applies to one call of a program only; written files do not have it
}

// Change tells whether a run that resumes from a checkpoint may change the value.
type Change int

const (
	Free   Change = iota // it may, and the weights do not depend on it
	Steers               // it may, but from then on the weights differ from those of an uninterrupted run
	Frozen               // it may not, because the checkpoint has no meaning with another value
	Starts               // it may, but not between zero and another value, because the checkpoint has an array for it or none
)

// A Rule is a condition on a value, and its description.
type Rule struct {
	text  string
	holds func(x float64) bool
	names func() []string

	other   string // what else than one of names a text may be
	accepts func(text string) bool
}

// AtLeast is the rule x >= low.
func AtLeast(low float64) Rule {
	return Rule{text: fmt.Sprintf("must be at least %s", number(low)), holds: func(x float64) bool { return x >= low && x <= math.MaxFloat64 }}
}

// Positive is the rule x > 0.
func Positive() Rule {
	return Rule{text: "must be positive", holds: func(x float64) bool { return x > 0 && x <= math.MaxFloat64 }}
}

// Threads is the rule of a number of threads, where 0 stands for all cores: 0 <= x <= 1024. Larger values are mistakes and
// would exhaust the memory.
func Threads() Rule {
	return Between(0, 1<<10)
}

// Between is the rule low <= x <= high.
func Between(low, high float64) Rule {
	return Rule{text: fmt.Sprintf("must be %s to %s", number(low), number(high)), holds: func(x float64) bool { return x >= low && x <= high }}
}

// Fraction is the rule 0 <= x < 1.
func Fraction() Rule {
	return Rule{text: "must lie in [0, 1)", holds: func(x float64) bool { return x >= 0 && x < 1 }}
}

// FractionTo1 is the rule 0 < x <= 1.
func FractionTo1() Rule {
	return Rule{text: "must lie in (0, 1]", holds: func(x float64) bool { return x > 0 && x <= 1 }}
}

// OneOf is the rule that a text is one of the names.
func OneOf(names ...string) Rule { return OneOfFunc(func() []string { return names }) }

// OneOfFunc is OneOf for names that are known only later, such as those of a registry.
func OneOfFunc(names func() []string) Rule { return Rule{names: names} }

// Or is a rule of names by which a text may also be something else, such as the path of a file. what describes that with
// an article.
func (r Rule) Or(what string, accepts func(text string) bool) Rule {
	r.other, r.accepts = what, accepts
	return r
}

// choices describes the names.
func (r Rule) choices() string {
	text := strings.Join(r.names(), ", ")
	if r.other != "" {
		text += ", or " + r.other
	}
	return text
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// parse sets the setting to the value of text. It does not apply the rule.
func (s Setting) parse(text string) error {
	var err error
	want := ""
	switch v := s.Value.(type) {
	case *int:
		want = "a whole number"
		var x int
		if x, err = strconv.Atoi(text); err == nil && (x != 0 || !s.ZeroKeeps) {
			*v = x
		}
	case *int64:
		want = "a whole number"
		var x int64
		if x, err = strconv.ParseInt(text, 10, 64); err == nil && (x != 0 || !s.ZeroKeeps) {
			*v = x
		}
	case *uint64:
		want = "a whole number from 0 to 2^63-1" // TOML knows no larger one
		var x uint64
		if x, err = strconv.ParseUint(text, 10, 63); err == nil {
			*v = x
		}
	case *float64:
		want = "a number"
		var x float64
		if x, err = strconv.ParseFloat(text, 64); err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
			err = errors.New("not finite")
		} else if err == nil && (x != 0 || !s.ZeroKeeps) {
			*v = x
		}
	case *bool:
		want = "true or false"
		var x bool
		if x, err = strconv.ParseBool(text); err == nil {
			*v = x
		}
	case *string:
		if text != "" || !s.ZeroKeeps {
			*v = text
		}
	case *[]int:
		want = "whole numbers separated by commas"
		var x []int
		if x, err = parseList(text); err == nil {
			*v = x
		}
	case Range:
		want = "a whole number or a range MIN:MAX of such numbers"
		err = v.parse(text)
	default:
		panic(fmt.Sprintf("settings: %s points to %T", s.Name, s.Value))
	}
	if err != nil {
		return fmt.Errorf("-%s %q: must be %s", s.Name, text, want)
	}
	return nil
}

// Text returns the present value as written in flags and files.
func (s Setting) Text() string {
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
	case *[]int:
		return listText(*v)
	case Range:
		return v.text()
	}
	panic(fmt.Sprintf("settings: %s points to %T", s.Name, s.Value))
}

// IsZero reports whether the present value is 0, false, an empty text or an empty list.
func (s Setting) IsZero() bool {
	switch v := s.Value.(type) {
	case Range:
		return *v.Min == 0 && *v.Max == 0
	case *[]int:
		return len(*v) == 0
	}
	return reflect.ValueOf(s.Value).Elem().IsZero()
}

// Validate returns an error that names the setting, its value and the rule, if the value breaks the rule. A
// value of 0 with a meaning of its own (Zero) is valid. A number that is not finite is not valid, nor is text
// that is not UTF-8, unless the setting is of one call.
func (s Setting) Validate() error {
	if s.Zero != "" && s.IsZero() {
		return nil
	}
	switch v := s.Value.(type) {
	case *string:
		if !s.OneCall && !utf8.ValidString(*v) { // TOML cannot hold it, so a run could not be resumed
			return fmt.Errorf("-%s %q: must be UTF-8 text, which files of settings can keep (a path can be given another name, as by a symbolic link)", s.Name, *v)
		}
		if s.Rule.names == nil || slices.Contains(s.Rule.names(), *v) || s.Rule.accepts != nil && s.Rule.accepts(*v) {
			return nil
		}
		names := s.Rule.names()
		err := fmt.Errorf("-%s %q: must be one of %s", s.Name, *v, s.Rule.choices())
		if near := nearest.Name(*v, names); near != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return err
	case *int:
		return s.validateNumber(float64(*v))
	case *int64:
		return s.validateNumber(float64(*v))
	case *uint64:
		return s.validateNumber(float64(*v))
	case *float64:
		return s.validateNumber(*v)
	case *[]int:
		return s.validateList(*v)
	case Range:
		return s.validateRange(v)
	}
	return nil // a bool
}

// validateNumber applies the rule to a number.
func (s Setting) validateNumber(x float64) error {
	rule := s.Rule
	if rule.holds == nil {
		rule = Rule{text: "must be a number", holds: func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }}
	}
	if rule.holds(x) {
		return nil
	}
	text := fmt.Sprintf("-%s %s: %s", s.Name, s.Text(), rule.text)
	if s.Zero != "" {
		text += fmt.Sprintf(" (0: %s)", s.Zero)
	}
	return errors.New(text)
}

// Normal returns text in the form in which the setting writes its value, so that 1e-3 equals 0.001. It returns
// text itself if that is not a valid value.
func (s Setting) Normal(text string) string {
	if _, ok := s.Value.(Range); ok {
		s.Value = Range{new(int), new(int)}
	} else {
		s.Value = reflect.New(reflect.TypeOf(s.Value).Elem()).Interface()
	}
	s.ZeroKeeps = false
	if s.parse(text) != nil {
		return text
	}
	return s.Text()
}
