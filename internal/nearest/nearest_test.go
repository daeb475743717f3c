package nearest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func ExampleHint() {
	tasks := []string{"copy", "parity", "modular"}
	fmt.Println(`unknown task "partiy"` + Hint("partiy", tasks))
	fmt.Println(`unknown task "chess"` + Hint("chess", tasks))
	// Output:
	// unknown task "partiy"; did you mean "parity"?
	// unknown task "chess"; valid names: copy, parity, modular
}

func TestName(t *testing.T) {
	names := []string{"goom-rnn", "selective-rnn", "s3", "s5", "weight-decay", "lr"}
	for got, want := range map[string]string{
		"goom-rn": "goom-rnn", "goomrnn": "goom-rnn", "GOOM_RNN": "goom-rnn", "selectiv-rnn": "selective-rnn",
		"weigth-decay": "weight-decay", "s4": "s3", "rl": "lr", "": "", "zebra": "", "momentum": "",
	} {
		if name := Name(got, names); name != want {
			t.Errorf("Name(%q) = %q, want %q", got, name, want)
		}
	}
}

// TestHintIsShortAndPrintable: names may come from a file that is not trusted, of which there may be many.
func TestHintIsShortAndPrintable(t *testing.T) {
	if got, want := Hint("text", []string{"a\n\x1b[2J", strings.Repeat("b", 61)}), `; valid names: a\n\x1b[2J, `+strings.Repeat("b", 60)+"..."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Hint("text", slices.Repeat([]string{"label"}, 103)); strings.Count(got, "label") != 100 || !strings.HasSuffix(got, "label and 3 more") {
		t.Errorf("of 103 names: %q", got)
	}
}

// TestNameOfLongNames: a name of megabytes is not compared letter by letter.
func TestNameOfLongNames(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	if count := testing.AllocsPerRun(1, func() { Name("text", []string{long}) }); count > 4 {
		t.Errorf("%v allocations", count)
	}
}

// TestNameTakesTheNearest: of several near names the nearest, in whichever order; none that differs in more than a third.
func TestNameTakesTheNearest(t *testing.T) {
	for _, names := range [][]string{{"weights-decay", "weight-decay"}, {"weight-decay", "weights-decay"}} {
		if name := Name("weight-decai", names); name != "weight-decay" {
			t.Errorf("of %q: %q", names, name)
		}
	}
	for got, want := range map[string]string{"abcdefghWXYZ": "abcdefghijkl", "abcdefgVWXYZ": "", "abX": "ab", "aXY": "", "aX": "ab"} {
		if name := Name(got, []string{"ab", "abc", "abcdefghijkl"}); name != want {
			t.Errorf("Name(%q) = %q, want %q", got, name, want)
		}
	}
}

// TestEdits holds the distances against values counted by hand.
func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"flaw", "lawn", 2}, {"same", "same", 0},
		{"ac", "abc", 1}, {"abc", "ac", 1}, {"ab", "bc", 2}, {"ab", "ca", 2}, {"xaby", "xbay", 1}, {"ca", "abc", 3},
	} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("edits(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
