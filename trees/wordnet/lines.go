package wordnet

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// fields are the rest of a line, fields with a space between them. The first error remains.
type fields struct {
	rest string
	err  error
}

// next returns the next field, "" after the last.
func (f *fields) next() string {
	field, rest, _ := strings.Cut(f.rest, " ")
	if field == "" && f.err == nil {
		f.err = errors.New("the line is cut off")
	}
	f.rest = rest
	return field
}

// number returns the next field as a number of that base below a limit.
func (f *fields) number(what string, base, limit int) int {
	field := f.next()
	n, err := strconv.ParseUint(field, base, 63)
	if (err != nil || n >= uint64(limit)) && f.err == nil {
		f.err = fmt.Errorf("%q is no %s", field, what)
	}
	if f.err != nil {
		return 0
	}
	return int(n)
}

// data reads a line of a data file:
//
//	offset, number of a lexicographer's file, type, number of words, (word, lex_id)..., number of pointers,
//	(symbol, offset, part of speech, source/target)..., of verbs also frames, | gloss
func (r *reader) data(part, number, offset int, text string) error {
	body, gloss, ok := strings.Cut(text, "|")
	if !ok {
		return errors.New("no gloss after a |")
	}
	f := &fields{rest: body}
	if at := f.number("offset", 10, math.MaxInt32); at != offset && f.err == nil {
		return fmt.Errorf("the synset of offset %08d stands at offset %08d: the file has been changed", at, offset)
	}
	f.next()
	kind := f.next()
	if f.err == nil && (len(kind) != 1 || partOfType(kind[0]) != part) {
		return fmt.Errorf("%q is no type of a synset of this file", kind)
	}
	s := Synset{Gloss: strings.TrimSpace(gloss)}
	n := f.number("number of words", 16, 1<<8)
	for i := 0; i < n && f.err == nil; i++ {
		s.Words = append(s.Words, withoutMarker(f.next()))
		f.next()
	}
	if n == 0 && f.err == nil {
		return errors.New("a synset without words")
	}
	class := int32(len(r.offset))
	n = f.number("number of pointers", 10, 1000)
	for i := 0; i < n && f.err == nil; i++ {
		symbol, at, to := f.next(), f.number("offset", 10, math.MaxInt32), f.next()
		f.next()
		if f.err != nil || symbol != "@" && symbol != "@i" {
			continue
		}
		if len(to) != 1 || partOfType(to[0]) < 0 {
			return fmt.Errorf("%q is no part of speech", to)
		}
		r.pointers = append(r.pointers, pointer{from: class, instance: symbol == "@i", part: partOfType(to[0]), offset: at, line: number})
	}
	if f.err != nil {
		return f.err
	}
	r.lexicon.Synsets = append(r.lexicon.Synsets, s)
	r.offset, r.kind = append(r.offset, offset), append(r.kind, kind[0])
	return nil
}

// withoutMarker returns a word without the marker of an adjective's place: (p), (a) or (ip).
func withoutMarker(word string) string {
	for _, marker := range []string{"(p)", "(a)", "(ip)"} {
		if base, ok := strings.CutSuffix(word, marker); ok && base != "" {
			return base
		}
	}
	return word
}

// index reads a line of an index file, the senses of a word in lower case, the most frequent first:
//
//	word, part of speech, number of senses, number of symbols, symbol..., number of senses, number of tagged senses, offset...
func (r *reader) index(part int, text string) error {
	f := &fields{rest: text}
	word := f.next()
	f.next()
	senses := f.number("number of senses", 10, 1<<16)
	symbols := f.number("number of symbols", 10, 1<<16)
	for i := 0; i < symbols+2 && f.err == nil; i++ {
		f.next()
	}
	for sense := 1; sense <= senses && f.err == nil; sense++ {
		offset := f.number("offset", 10, math.MaxInt32)
		if f.err != nil {
			break
		}
		class, ok := r.at(part, offset)
		if !ok {
			return fmt.Errorf("no synset stands at offset %08d of data.%s", offset, parts[part].file)
		}
		if strings.EqualFold(r.lexicon.Synsets[class].Words[0], word) {
			r.sense[class] = sense
		}
	}
	return f.err
}
