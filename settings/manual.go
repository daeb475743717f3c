package settings

import (
	"fmt"
	"io"
	"strings"
)

// A Manual is what a manual page says beside its options.
type Manual struct {
	Program string // name of the program's file
	About   string // what it does, in a few words
	Usage   string // arguments behind the name of the program
	Text    string // paragraphs, separated by empty lines
}

// Manual writes a manual page of section 1 in the man macros of roff, with the settings by group.
func (t Table) Manual(w io.Writer, m Manual) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(m.Program)), roff(m.Program), roff(m.About))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n%s\n.SH DESCRIPTION\n", roff(m.Program), roff(m.Usage))
	for i, p := range strings.Split(strings.TrimSpace(m.Text), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		fmt.Fprintf(&b, "%s\n", roff(p))
	}
	b.WriteString(".SH OPTIONS\n")
	group := ""
	for _, s := range t {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, ".SS %s\n", roff(group))
		}
		fmt.Fprintf(&b, ".TP\n.B \\-%s", roff(s.Name))
		if s.takesValue() {
			fmt.Fprintf(&b, " \\fI%s\\fR", s.kind())
		}
		fmt.Fprintf(&b, "\n%s\n", roff(s.usage()))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// kind names the type of the value.
func (s Setting) kind() string {
	switch s.Value.(type) {
	case *string:
		if s.Rule.names != nil {
			return "name"
		}
		return "text"
	case *[]int:
		return "numbers"
	case Range:
		return "number or range"
	}
	return "number"
}

// roff escapes text, and puts it on one line, which is no request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(oneLine(text))
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
