package nearest

import (
	"fmt"
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
