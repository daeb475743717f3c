package printable

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

func ExampleLine() {
	fmt.Println(Line("layer\x1b[2J\nfake line"))
	// Output: layer\x1b[2J\nfake line
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"h.0.attn.weight":            "h.0.attn.weight",
		`C:\runs\"one" 'two' größer`: `C:\runs\"one" 'two' größer`,
		"a\tb\r\n":                   `a\tb\r\n`,
		"\x1b]0;owned\a":             `\x1b]0;owned\a`,
		"\u009b31m":                  `\u009b31m`, // the control character that starts a sequence alone
		"\u202egnp.exe":              `\u202egnp.exe`,
		"\u2028":                     `\u2028`,
		"caf\xe9\xff":                `caf\xe9\xff`,
		"\U000e0001":                 `\U000e0001`,
		"\ufffd":                     "\ufffd",
		"\x00\x7f":                   `\x00\x7f`,
	} {
		got := Line(text)
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
		if again := Line(got); again != got {
			t.Errorf("%q: once %s, twice %s", text, got, again)
		}
	}
}

func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		"{\"größer\": \"π ≈ \\u001b\\n\"}\n": "{\"größer\": \"π ≈ \\u001b\\n\"}\n",
		"\"\u007f\u009b31m\"":                `"\u007f\u009b31m"`,
		"\"\u202egnp.exe\"":                  `"\u202egnp.exe"`,
		"\"\U000e0001\U0001f600\"":           "\"\\udb40\\udc01\U0001f600\"",
		"\"\ufffd\"":                         "\"\ufffd\"",
	} {
		got := JSON([]byte(text))
		if string(got) != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
		var before, after any
		if err := errors.Join(json.Unmarshal([]byte(text), &before), json.Unmarshal(got, &after)); err != nil || !reflect.DeepEqual(before, after) {
			t.Errorf("%q: value %v became %v, %v", text, before, after, err)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"two\nlines\t.": "two\nlines\t.",
		"ok\x1b[2J\xff": "ok\ufffd[2J\ufffd",
		"a\rb\u202ec":   "a\ufffdb\ufffdc",
	} {
		if got := Text([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"größer", 6, "größer"},
		{"größer", 5, "größe..."},
		{"a\nb", 2, `a\n...`},
		{"", 0, ""},
		{"\xff\xff", 1, `\xff...`},
	} {
		if got := Short(c.text, c.limit); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

// FuzzLine: whatever the text, the result is one line of characters that print.
func FuzzLine(f *testing.F) {
	f.Add("a\x1b[0m\n\u2028\xff")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range Line(text) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q: %q does not print", text, r)
			}
		}
		if got := Line(text); Line(got) != got || strings.ContainsRune(got, '\n') {
			t.Fatalf("%q: %q is not a line that stays", text, got)
		}
	})
}

func TestCount(t *testing.T) {
	for n, want := range []string{"0 files", "1 file", "2 files"} {
		if got := Count(n, "file"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestWhole: text may be cut within a character; bytes that begin no character are whole.
func TestWhole(t *testing.T) {
	for text, want := range map[string]int{"": 0, "ab": 2, "aé": 3, "a\xc3": 1, "€": 3, "a\xe2\x82": 1, "\xf0\x9f\x98": 0, "😀": 4, "a\xff": 2, "\x82\x82\x82": 3} {
		if got := Whole([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
