package settings

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// lengths has one setting of each type of this file.
type lengths struct {
	min, max int
	at       []int
}

func (l *lengths) table() Table {
	return Table{
		{Name: "seq", Help: "positions", Value: Range{&l.min, &l.max}, Rule: Between(1, 100), Zero: "that of the task"},
		{Name: "eval", Help: "lengths", Value: &l.at, Rule: AtLeast(1), Zero: "none"},
	}
}

func (l *lengths) set(name, text string) error {
	if err := l.table().Set(Pair{Name: name, Text: text}); err != nil {
		return err
	}
	return l.table().Validate()
}

func TestRangesAndLists(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       lengths
		normal     string
	}{
		{"seq", "32", lengths{max: 32}, "32"},
		{"seq", "2:32", lengths{min: 2, max: 32}, "2:32"},
		{"seq", "7:7", lengths{max: 7}, "7"},
		{"seq", "0", lengths{}, "0"},
		{"eval", "32", lengths{at: []int{32}}, "32"},
		{"eval", "32, 64,+128", lengths{at: []int{32, 64, 128}}, "32,64,128"},
		{"eval", "", lengths{}, ""},
		{"eval", "0", lengths{}, ""},
	} {
		l := lengths{9, 8, []int{7}} // nothing of before remains
		table := l.table()
		if err := table.Set(Pair{Name: c.name, Text: c.text}); err != nil {
			t.Errorf("%s %q: %v", c.name, c.text, err)
			continue
		}
		s, _ := table.Find(c.name)
		if c.name == "seq" && (l.min != c.want.min || l.max != c.want.max) || c.name == "eval" && !slices.Equal(l.at, c.want.at) {
			t.Errorf("%s %q: %+v, want %+v", c.name, c.text, l, c.want)
		}
		if s.Text() != c.normal || s.Normal(c.text) != c.normal || s.IsZero() != (c.text == "" || c.text == "0") || s.Validate() != nil {
			t.Errorf("%s %q: text %q, normal %q, zero %v, error %v", c.name, c.text, s.Text(), s.Normal(c.text), s.IsZero(), s.Validate())
		}
	}
	for _, c := range []struct{ name, text, want string }{
		{"seq", "x", `-seq "x": must be a whole number or a range MIN:MAX of such numbers`},
		{"seq", "1:2:3", "a range MIN:MAX"},
		{"seq", ":3", "a range MIN:MAX"},
		{"seq", "0:3", "a range MIN:MAX"},
		{"seq", "", "a range MIN:MAX"},
		{"seq", "9:3", "-seq 9:3: the range must not end before it begins"},
		{"seq", "3:0", "must not end before it begins"},
		{"seq", "-3:5", "-seq -3:5: must be 1 to 100 (0: that of the task)"},
		{"seq", "3:101", "-seq 3:101: must be 1 to 100"},
		{"seq", "101", "-seq 101: must be 1 to 100"},
		{"eval", "3,,4", `-eval "3,,4": must be whole numbers separated by commas`},
		{"eval", "3,0", "-eval 3,0: each number must be at least 1, 0 is not"},
		{"eval", "3,4,3", "-eval 3,4,3: 3 occurs twice"},
	} {
		if err := new(lengths).set(c.name, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: error %v, want one with %q", c.name, c.text, err, c.want)
		}
	}
}

// TestRangesAndListsInTOML: a single number needs no quotes, and written files read back.
func TestRangesAndListsInTOML(t *testing.T) {
	read := func(text string) (l lengths, err error) {
		given, err := ReadTOML("f.toml", text)
		for i := 0; i < len(given) && err == nil; i++ {
			err = l.table().Set(given[i])
		}
		return l, err
	}
	if l, err := read("seq = 32\neval = 64\n"); err != nil || l.max != 32 || l.min != 0 || !slices.Equal(l.at, []int{64}) {
		t.Errorf("%+v, error %v", l, err)
	}
	if _, err := read("seq = true\n"); err == nil || !strings.Contains(err.Error(), `f.toml: -seq "true": must be a whole number or`) {
		t.Error(err)
	}
	l := lengths{max: 32}
	if text := l.table().TOML(); !strings.Contains(text, "seq = 32 ") || !strings.Contains(text, `eval = "" `) || !strings.Contains(text, "empty: none") {
		t.Error(text)
	}
	rapid.Check(t, func(t *rapid.T) {
		max := rapid.IntRange(0, 100).Draw(t, "max")
		l := lengths{max: max, at: rapid.SliceOfN(rapid.IntRange(1, 1<<40), 0, 5).Draw(t, "at")}
		if max > 1 && rapid.Bool().Draw(t, "range") {
			l.min = rapid.IntRange(1, max-1).Draw(t, "min")
		}
		back, err := read(l.table().TOML())
		if err != nil || len(Differences(l.table(), back.table())) > 0 || back.min != l.min || back.max != l.max {
			t.Fatalf("%+v came back as %+v, error %v", l, back, err)
		}
	})
}

// FuzzLengths: what is accepted is written in a form that is accepted again and means the same.
func FuzzLengths(f *testing.F) {
	for _, text := range []string{"", "0", "32", "2:32", "32,64", "-1:5", "+3:4", "1,,2", "٣", "3:3", "9223372036854775808"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"seq", "eval"} {
			var l, again lengths
			if l.set(name, text) != nil {
				continue
			}
			s, _ := l.table().Find(name)
			if err := again.set(name, s.Text()); err != nil || again.min != l.min || again.max != l.max || !slices.Equal(again.at, l.at) {
				t.Errorf("%s %q is %+v; its text %q is %+v, error %v", name, text, l, s.Text(), again, err)
			}
			if s.Normal(text) != s.Text() {
				t.Errorf("%s %q: normal %q, text %q", name, text, s.Normal(text), s.Text())
			}
		}
	})
}
