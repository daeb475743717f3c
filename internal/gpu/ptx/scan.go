package ptx

import (
	"fmt"
	"strings"
)

// A statement is the text up to a semicolon, a brace, the colon of a label or, for some directives, the end of the line.
type statement struct {
	text string // without comments; blanks are single spaces
	line int
	end  byte // ';', '{', '}', ':' or '\n'
}

// A scanner splits a PTX text into statements.
type scanner struct {
	text string
	at   int
	line int
}

// lines are the directives that end with their line.
var lines = []string{".version", ".target", ".address_size"}

// skip passes blanks and comments. It reports whether there were any.
func (s *scanner) skip() (bool, error) {
	from := s.at
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case rest[0] == '\n':
			s.line++
			s.at++
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			s.at++
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			s.at += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				return true, fmt.Errorf("comment without end")
			}
			s.line += strings.Count(rest[:n], "\n")
			s.at += n + 2
		default:
			return s.at > from, nil
		}
	}
	return s.at > from, nil
}

// next returns the next statement; ok is false at the end of the text.
func (s *scanner) next() (st statement, ok bool, err error) {
	if _, err := s.skip(); err != nil || s.at == len(s.text) {
		return statement{line: s.line}, false, err
	}
	st.line = s.line
	if c := s.text[s.at]; c == '{' || c == '}' {
		s.at++
		st.end = c
		return st, true, nil
	}
	var b strings.Builder
	depth := 0 // of the braces around the registers of a vector or the values of a variable
	for s.at < len(s.text) {
		line := s.line
		blank, err := s.skip()
		if err != nil {
			return statement{line: s.line}, false, err
		}
		if blank {
			if s.line > line && endsWithLine(b.String()) {
				break
			}
			b.WriteByte(' ')
			continue
		}
		c := s.text[s.at]
		s.at++
		switch {
		case c == ';',
			c == '{' && depth == 0 && header(b.String()),
			c == ':' && label(b.String()):
			st.text, st.end = strings.TrimSpace(b.String()), c
			return st, true, nil
		case c == '{':
			depth++
		case c == '}':
			depth--
		}
		if depth < 0 {
			return st, false, fmt.Errorf("%q ends with a brace", strings.TrimSpace(b.String()))
		}
		b.WriteByte(c)
	}
	st.text, st.end = strings.TrimSpace(b.String()), '\n'
	if !endsWithLine(st.text) {
		return st, false, fmt.Errorf("%q without semicolon", abbreviated(st.text))
	}
	return st, true, nil
}

func endsWithLine(text string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	for _, l := range lines {
		if word == l {
			return true
		}
	}
	return false
}

// header reports whether a statement begins a kernel or a function.
func header(text string) bool {
	return text != "" && text[0] == '.' && (strings.Contains(text, ".entry") || strings.Contains(text, ".func"))
}

// label reports whether a text is a name alone.
func label(text string) bool {
	for i := range len(text) {
		if !nameByte(text[i]) {
			return false
		}
	}
	return text != ""
}

func nameByte(c byte) bool {
	return c == '_' || c == '$' || c == '%' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// abbreviated returns the begin of a text, for an error.
func abbreviated(text string) string {
	if len(text) > 80 {
		return text[:80] + "..."
	}
	return text
}
