package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
)

const maxInput = 64 << 20 // bytes of standard input

// info describes a tokenizer and what it does to a text.
func info(o options, _ io.Reader, out io.Writer) error {
	tok, err := tokenizer.New(o.tokenizer)
	if err != nil {
		return err
	}
	longest := int32(0)
	for token := range int32(tok.Vocab()) {
		if tok.Bytes(token) > tok.Bytes(longest) {
			longest = token
		}
	}
	fmt.Fprintf(out, "name        %s\n", tok.Name())
	fmt.Fprintf(out, "vocabulary  %d\n", tok.Vocab())
	fmt.Fprintf(out, "separator   %d\n", tok.Separator())
	fmt.Fprintf(out, "longest     token %d, %s: \"%s\"\n", longest, printable.Count(tok.Bytes(longest), "byte"), printable.Short(string(tok.Decode([]int32{longest})), 60))
	if f, ok := tok.(*tokenizer.File); ok {
		fmt.Fprintf(out, "SHA-256     %s\n", f.SHA256)
	}
	if o.data == "" {
		return nil
	}
	files, err := corpus.Find(o.data)
	if err != nil {
		return fmt.Errorf("-data: %w", err)
	}
	c, err := corpus.Load(files, corpus.Options{Tokenizer: tok, CacheDir: "off", Field: o.field, SkipBad: o.skip})
	if err != nil {
		return fmt.Errorf("-data: %w", err)
	}
	for _, note := range c.Notes {
		fmt.Fprintln(out, "note:", note)
	}
	tokens := c.Len() - c.Texts()
	fmt.Fprintf(out, "text        %.1f MB, %s, %.3f bytes per token\n", float64(c.Bytes)/1e6, printable.Count(tokens, "token"), float64(c.Bytes)/float64(max(tokens, 1)))
	return c.Close()
}

// encode prints the tokens of a text, each as a number.
func encode(o options, in io.Reader, out io.Writer) error {
	tok, err := tokenizer.New(o.tokenizer)
	if err != nil {
		return err
	}
	text := []byte(strings.Join(o.rest, " "))
	if len(o.rest) == 0 {
		if text, err = input(in); err != nil {
			return err
		}
	}
	w := bufio.NewWriter(out)
	for i, token := range tok.Encode(text) {
		if i > 0 {
			w.WriteByte(' ')
		}
		w.WriteString(strconv.Itoa(int(token)))
	}
	w.WriteByte('\n')
	return w.Flush()
}

// decode writes the text of tokens as it is, so that it can be piped.
func decode(o options, in io.Reader, out io.Writer) error {
	tok, err := tokenizer.New(o.tokenizer)
	if err != nil {
		return err
	}
	if len(o.rest) == 0 {
		text, err := input(in)
		if err != nil {
			return err
		}
		o.rest = []string{string(text)}
	}
	var tokens []int32
	for _, word := range strings.Fields(strings.Join(o.rest, " ")) {
		n, err := strconv.ParseInt(word, 10, 32)
		if err != nil || n < 0 || n >= int64(tok.Vocab()) {
			return fmt.Errorf("%s is not a token: tokens are numbers from 0 to %d", printable.Short(word, 40), tok.Vocab()-1)
		}
		tokens = append(tokens, int32(n))
	}
	_, err = out.Write(tok.Decode(tokens))
	return err
}

// input reads standard input.
func input(in io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("standard input has more than %d MB", maxInput>>20)
	}
	return text, err
}
