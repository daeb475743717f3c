package data

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"goomtrain/data/corpus"
)

// A part is one of the sources that a setting such as -data names.
type part struct {
	path   string
	weight float64 // share of the training sequences, of 1 in all; 0: by size
}

// parts splits a text into its sources: PATH[:WEIGHT][,PATH[:WEIGHT]]... A path that exists, or a glob that matches, is
// taken as such even if it has a comma or a colon.
func parts(text string) ([]part, error) {
	var list []part
	pieces := strings.Split(text, ",")
	for len(pieces) > 0 {
		p, used, err := firstPart(pieces)
		if err != nil {
			return nil, err
		}
		list, pieces = append(list, p), pieces[used:]
	}
	sum, given := 0.0, 0
	for _, p := range list {
		if p.path == "" {
			return nil, fmt.Errorf("%q: a path is missing beside a comma", text)
		}
		if sum += p.weight; p.weight > 0 {
			given++
		}
	}
	if given > 0 && given < len(list) {
		return nil, fmt.Errorf("%q: %d of %d sources have weights: give all of them one, as in a.txt:0.7,b.txt:0.3, or none", text, given, len(list))
	}
	for i := range list {
		if given > 0 {
			list[i].weight /= sum
		}
	}
	return list, nil
}

// firstPart returns the first source and of how many pieces it is: of as many as give a path that exists.
func firstPart(pieces []string) (p part, used int, err error) {
	for used = len(pieces); used > 1; used-- {
		path := strings.Join(pieces[:used], ",")
		if corpus.Matches(path) {
			return part{path: path}, used, nil
		}
		if p, err := weighted(path); err == nil && p.weight > 0 && corpus.Matches(p.path) {
			return p, used, nil
		}
	}
	if corpus.Matches(pieces[0]) {
		return part{path: pieces[0]}, 1, nil
	}
	p, err = weighted(pieces[0])
	return p, 1, err
}

// weighted cuts a weight from the end of a path.
func weighted(text string) (part, error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return part{path: text}, nil
	}
	weight, err := strconv.ParseFloat(text[i+1:], 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return part{path: text}, nil
	}
	if !(weight >= 1e-100 && weight <= 1e100) { // so that ratios are neither 0 nor infinite
		return part{}, fmt.Errorf("%q: the weight %s must be positive, from 1e-100 to 1e100", text, text[i+1:])
	}
	return part{text[:i], weight}, nil
}

// Absolute makes the paths of the sources that a setting names absolute. It leaves a text alone that cannot be split.
func Absolute(text string) (string, error) {
	list, err := parts(text)
	if err != nil {
		return text, nil // the task that has the setting says what is wrong
	}
	rest := text
	var out []string
	for _, p := range list {
		path, err := filepath.Abs(p.path)
		if err != nil {
			return "", err
		}
		rest = strings.TrimPrefix(rest, p.path)
		weight := "" // as it was written
		if p.weight > 0 {
			weight, rest, _ = strings.Cut(rest, ",")
		} else {
			rest = strings.TrimPrefix(rest, ",")
		}
		out = append(out, path+weight)
	}
	return strings.Join(out, ","), nil
}
