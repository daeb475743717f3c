package settings

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

// TestEveryType: each type keeps its value for a zero with ZeroKeeps and takes it without, takes other values, and
// keeps its value for a text that it cannot read.
func TestEveryType(t *testing.T) {
	i, i64, u64, f, text, yes := 7, int64(7), uint64(7), 7.0, "7", true
	for _, value := range []any{&i, &i64, &u64, &f, &text, &yes} {
		for _, keeps := range []bool{true, false} {
			s := Setting{Name: "x", Value: value, ZeroKeeps: keeps}
			set := func(to string) string {
				if err := s.parse(to); err != nil {
					return err.Error()
				}
				return s.Text()
			}
			switch value.(type) {
			case *string:
				if got := set(""); (got == "7") != keeps || set("a") != "a" || set("7") != "7" {
					t.Errorf("text, keeps %v: %q for an empty text", keeps, got)
				}
			case *bool:
				if set("false") != "false" || set("true") != "true" || !strings.Contains(set("maybe"), `-x "maybe": must be true or false`) || s.Text() != "true" {
					t.Errorf("%v after a text that is no bool", yes)
				}
			case *uint64: // 0 is a value like any other, such as a seed
				if set("0") != "0" || set("9223372036854775807") != "9223372036854775807" || !strings.Contains(set("9223372036854775808"), "2^63-1") || set("7") != "7" {
					t.Errorf("uint64: %d", u64)
				}
			default:
				if got := set("0"); (got == "7") != keeps || set("2") != "2" || !strings.Contains(set("two"), `-x "two": must be a`) || s.Text() != "2" || set("7") != "7" {
					t.Errorf("%T, keeps %v: %q for 0, then %q", value, keeps, got, s.Text())
				}
			}
		}
	}
	s := Setting{Name: "x", Value: &f}
	for _, to := range []string{"NaN", "Inf", "-inf"} {
		if err := s.parse(to); err == nil || f != 7 {
			t.Errorf("%s: %v, error %v", to, f, err)
		}
	}
}

// TestRulesOfEveryType: a rule holds for numbers of each type, up to the largest.
func TestRulesOfEveryType(t *testing.T) {
	i, i64, u64, f := 3, int64(3), uint64(3), 3.0
	for _, value := range []any{&i, &i64, &u64, &f} {
		for rule, want := range map[float64]bool{3: true, 4: false} {
			if err := (Setting{Name: "x", Value: value, Rule: AtLeast(rule)}).Validate(); (err == nil) != want {
				t.Errorf("%T of 3, at least %v: error %v", value, rule, err)
			}
		}
	}
	f = math.MaxFloat64
	if err := (Setting{Name: "x", Value: &f, Rule: Positive()}).Validate(); err != nil {
		t.Error(err)
	}
	if got := (Setting{Name: "x", Value: &i}).Normal("one"); got != "one" {
		t.Errorf("the normal form of a text that is no number is %q", got)
	}
}

// TestHelpTexts: help, valid names and the meaning of zero stand beside each flag under the heading of its group.
func TestHelpTexts(t *testing.T) {
	a, b, c, d := "one", "", 0, false
	table := append(Table{
		{Name: "a", Value: &a, Rule: OneOf("one", "two")},
		{Name: "b", Help: "second", Value: &b, Rule: OneOf("three"), Zero: "all"},
	}.In("First"), Table{
		{Name: "c", Help: "third", Value: &c, Zero: "none"},
		{Name: "d", Help: "fourth", Value: &d},
	}.In("Second")...)
	var help bytes.Buffer
	table.Help(&help)
	const want = `
First:
  -a               one, two (one)
  -b               second: three; empty: all

Second:
  -c               third; 0: none (0)
  -d               fourth
`
	if help.String() != want {
		t.Errorf("help\n%s\nwant\n%s", help.String(), want)
	}
	const file = `# First
a = "one"                      # one, two
b = ""                         # second: three; empty: all

# Second
c = 0                          # third; 0: none
d = false                      # fourth
`
	if got := table.TOML(); got != file {
		t.Errorf("file\n%s\nwant\n%s", got, file)
	}
	whole := Table{{Name: "e", Value: &c}}
	if part := whole.In("Group"); whole[0].Group != "" || part[0].Group != "Group" {
		t.Error("In changed the table that it was called on")
	}
}

// TestTOMLOfAnyText: characters that do not print are escaped, also those that need eight digits, and read back.
func TestTOMLOfAnyText(t *testing.T) {
	for _, want := range []string{"\x1b", "\u202e", "\uffff", "\U00010000", "\U000e0001", `a"b\c`} {
		text := want
		table := Table{{Name: "a", Value: &text}}
		file := table.TOML()
		pairs, err := ReadTOML("f", file)
		if err != nil || len(pairs) != 1 || pairs[0].Text != want || strings.ContainsAny(file, "\x1b\u202e\U000e0001") {
			t.Errorf("%q: written as %q, read as %v, error %v", want, file, pairs, err)
		}
	}
	for _, bad := range []string{"[table]\nx = 1", "a = [1, 2]", "a = 1979-05-27"} {
		if _, err := ReadTOML("f.toml", bad); err == nil || !strings.Contains(err.Error(), "f.toml: ") || !strings.Contains(err.Error(), "one value expected") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
	if err := (Table{}).Set(Pair{Name: "x", Text: "1"}); err == nil || strings.HasPrefix(err.Error(), ": ") {
		t.Errorf("a pair of no file: error %v", err)
	}
}

// TestOr: a rule of names that accepts something else too says so in help and in errors.
func TestOr(t *testing.T) {
	text := ""
	s := Setting{Name: "device", Help: "where", Value: &text, Rule: OneOf("cpu", "gpu").Or("gpu:N for one", func(text string) bool { return strings.HasPrefix(text, "gpu:") })}
	for _, text = range []string{"cpu", "gpu", "gpu:3"} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	text = "gqu"
	if err := s.Validate(); err == nil || err.Error() != `-device "gqu": must be one of cpu, gpu, or gpu:N for one; did you mean "gpu"?` {
		t.Error(err)
	}
	var help bytes.Buffer
	text = "cpu"
	Table{s}.Help(&help)
	if want := "  -device          where: cpu, gpu, or gpu:N for one (cpu)\n"; help.String() != want {
		t.Errorf("help %q, want %q", help.String(), want)
	}
}

// TestThreads: 0 stands for all cores, and a number that would exhaust the memory is refused.
func TestThreads(t *testing.T) {
	threads := 0
	s := Setting{Name: "threads", Value: &threads, Rule: Threads()}
	for x, want := range map[int]string{0: "", 1: "", 1024: "", 1025: "-threads 1025: must be 0 to 1024", -1: "-threads -1: must be 0 to 1024"} {
		threads = x
		if err := s.Validate(); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%d threads: error %v, want %q", x, err, want)
		}
	}
}

// TestForeignType: a value of a type that settings do not have is a mistake of the program.
func TestForeignType(t *testing.T) {
	x := float32(1)
	s := Setting{Name: "x", Value: &x}
	for name, f := range map[string]func(){"Text": func() { s.Text() }, "Set": func() { Table{s}.Set(Pair{Name: "x", Text: "1"}) }} {
		func() {
			defer func() {
				if r := recover(); r != "settings: x points to *float32" {
					t.Errorf("%s: recovered %v", name, r)
				}
			}()
			f()
		}()
	}
}
