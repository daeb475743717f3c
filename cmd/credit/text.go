package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"goomtrain/data"
	"goomtrain/data/labeled"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
)

// A text is an input of the task classify.
type text struct {
	tok tokenizer.Tokenizer
	row []int32 // a separator and the tokens
}

// readText returns the text that the input is, or that is in the file of that name. The run was trained on texts of at
// most seq tokens, the separator included.
func readText(o options, task *data.Classify, seq int) (*text, error) {
	switch {
	case o.png != "":
		return nil, errors.New("-png: the run is of texts: give -html")
	case o.data != "":
		return nil, errors.New("-data: the run is of texts, of which INPUT is one: leave it out")
	}
	body := []byte(o.input)
	if regular.Exists(o.input) {
		var err error
		if body, err = regular.ReadFile(o.input, labeled.MaxText); err != nil {
			return nil, err
		}
	}
	tok, err := tokenizer.Open(cmp.Or(task.Tokenizer, "byte"), task.TokenizerSHA256)
	if err != nil {
		return nil, err
	}
	t := &text{tok, append([]int32{tok.Separator()}, tok.Encode(body)...)}
	if seq > 0 && len(t.row) > seq {
		return nil, fmt.Errorf("the input has %d tokens, but the run was trained on texts of at most %d: give a part of it", len(t.row)-1, seq-1)
	}
	return t, nil
}

func (t *text) tokens() []int32 { return t.row }

// A mark is a piece of text with its credit.
type mark struct {
	text   string
	credit float64
}

// characters returns the characters of the text, each with the mean credit of its bytes. Bytes that are no UTF-8 text
// become U+FFFD.
func (t *text) characters(credit []float64) (marks []mark) {
	var bytes []byte
	var each []float64 // credit of each byte
	for i, token := range t.row[1:] {
		for _, b := range t.tok.Decode([]int32{token}) {
			bytes, each = append(bytes, b), append(each, credit[i+1])
		}
	}
	for len(bytes) > 0 {
		_, size := utf8.DecodeRune(bytes)
		sum := 0.0
		for _, c := range each[:size] {
			sum += c
		}
		marks = append(marks, mark{printable.Text(bytes[:size]), sum / float64(size)})
		bytes, each = bytes[size:], each[size:]
	}
	return marks
}

// words joins characters to words, each with the mean credit of its characters, without white space.
func words(characters []mark) (marks []mark) {
	count := 0 // characters of the last word; 0: none is open
	for _, c := range characters {
		if strings.IndexFunc(c.text, unicode.IsSpace) >= 0 {
			count = 0
			continue
		}
		if count == 0 {
			marks = append(marks, mark{})
		}
		last := &marks[len(marks)-1]
		last.text += c.text
		last.credit += (c.credit - last.credit) / float64(count+1)
		count++
	}
	return marks
}

func (t *text) show(o options, r result, out io.Writer) error {
	characters := t.characters(r.credit())
	if o.html != "" { // first: a reader such as head may end the program at any line
		if err := writeHTML(o.html, r, characters); err != nil {
			return err
		}
	}
	likely(r, out)
	if o.color {
		fmt.Fprintln(out, colored(characters))
	} else {
		for _, w := range words(characters) {
			fmt.Fprintf(out, "%+7.2f  %s\n", w.credit, printable.Line(w.text))
		}
	}
	if o.html != "" {
		fmt.Fprintf(out, "page in %s\n", printable.Line(o.html))
	}
	return nil
}

// colored returns the text with backgrounds for a terminal.
func colored(marks []mark) string {
	var b strings.Builder
	largest := largestCredit(marks)
	for _, m := range marks {
		if m.text == "\n" { // a background would fill the line
			b.WriteString(m.text)
			continue
		}
		red, green, blue := shade(m.credit / largest)
		fmt.Fprintf(&b, "\x1b[38;2;0;0;0;48;2;%d;%d;%dm%s\x1b[0m", red, green, blue, m.text)
	}
	return b.String()
}

// largestCredit is largestOf of the credits of marks.
func largestCredit(marks []mark) float64 {
	credit := make([]float64, len(marks))
	for i, m := range marks {
		credit[i] = m.credit
	}
	return largestOf(credit)
}

// shade is the color of a credit from -1, red, over 0, white, to 1, blue.
func shade(credit float64) (red, green, blue uint8) {
	fade := func(full float64) uint8 {
		return uint8(math.Round(255 - math.Min(math.Abs(credit), 1)*(255-full)))
	}
	if credit < 0 {
		return fade(228), fade(88), fade(76)
	}
	return fade(70), fade(130), fade(232)
}
