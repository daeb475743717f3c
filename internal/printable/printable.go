// Package printable prepares text for the terminal. It makes untrusted text, such as names in a file or a sample of a
// model, safe to print. Control characters could move the cursor, change the title or forge lines, and characters that
// change the direction of writing could make a line read as another.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns text of several lines. Line ends and tabs are kept; every other character that does not print,
// and every byte that is not UTF-8, becomes U+FFFD.
func Text(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(string(text), string(unicode.ReplacementChar)))
}

// Line returns text on one line. Line ends, tabs, every other character that does not print, and every byte
// that is not UTF-8 become Go's escape sequences, such as \n, \x1b and \u202e. Backslashes and quotes are kept,
// so that paths remain readable, and Line does not change its own result.
func Line(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := fmt.Sprintf("%+q", r) // 'x', all but ASCII escaped
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// JSON returns JSON whose strings have every character that does not print as an escape sequence. Its value stays as it is:
// encoders escape no more than JSON asks for, which leaves control characters from U+007F on.
func JSON(text []byte) []byte {
	var b []byte
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r < 0x7f || unicode.IsPrint(r) {
			b = append(b, text[:size]...)
		} else {
			for _, unit := range utf16.AppendRune(nil, r) {
				b = fmt.Appendf(b, `\u%04x`, unit)
			}
		}
		text = text[size:]
	}
	return b
}

// Short is Line of at most limit characters of text, with "..." for the rest.
func Short(text string, limit int) string {
	count := 0
	for i := range text {
		if count == limit {
			return Line(text[:i]) + "..."
		}
		count++
	}
	return Line(text)
}

// Whole is the length of text up to an incomplete character at its end, which may be completed by what follows.
func Whole(text []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if start := len(text) - back; utf8.RuneStart(text[start]) {
			if !utf8.FullRune(text[start:]) {
				return start
			}
			break
		}
	}
	return len(text)
}

// Count returns a number with its noun, which takes an s in the plural: "1 file", "2 files".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
