package wordnet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// dictionary is the text of the two files of a part of speech.
type dictionary struct{ data, index string }

// parts are the parts of speech in the order of the synsets' numbers: the ends of their files' names, and the types of
// the synsets that stand there. Type s is an adjective that is similar to another (a satellite).
var parts = [4]struct{ file, types string }{{"noun", "n"}, {"verb", "v"}, {"adj", "as"}, {"adv", "r"}}

// reader holds what is needed only until all files are read.
type reader struct {
	lexicon  Lexicon
	offset   []int    // of each synset's line in its file
	kind     []byte   // of each synset: n, v, a, s or r
	sense    []int    // of each synset's first word; 0: not yet seen
	first    [5]int32 // the synsets of part p are first[p] to first[p+1]
	pointers []pointer
}

// pointer is a hypernym of a synset, in the order of the synsets.
type pointer struct {
	from, to int32
	instance bool // from is an instance of to, not a kind of it
	part     int  // of to
	offset   int  // of to
	line     int  // of from
}

// parse reads the files in memory.
func parse(files [len(parts)]dictionary) (*Lexicon, error) {
	r := &reader{}
	for p, f := range files {
		if err := eachLine(f.data, func(number, offset int, text string) error { return r.data(p, number, offset, text) }); err != nil {
			return nil, fmt.Errorf("wordnet: data.%s:%w", parts[p].file, err)
		}
		r.first[p+1] = int32(len(r.offset))
	}
	if err := r.resolve(); err != nil {
		return nil, err
	}
	r.sense = make([]int, len(r.offset))
	for p, f := range files {
		if err := eachLine(f.index, func(_, _ int, text string) error { return r.index(p, text) }); err != nil {
			return nil, fmt.Errorf("wordnet: index.%s:%w", parts[p].file, err)
		}
	}
	if err := r.name(); err != nil {
		return nil, err
	}
	r.sortHypernyms()
	return &r.lexicon, nil
}

// eachLine calls do for each line that does not begin with a space, as those of the license do. Errors get the number of
// the line.
func eachLine(text string, do func(number, offset int, line string) error) error {
	for number, offset := 1, 0; offset < len(text); number++ {
		line, _, ended := strings.Cut(text[offset:], "\n")
		if !ended {
			return fmt.Errorf("%d: the file ends in the middle of a line", number)
		}
		if line != "" && line[0] != ' ' {
			if err := do(number, offset, line); err != nil {
				return fmt.Errorf("%d: %w", number, err)
			}
		}
		offset += len(line) + 1
	}
	return nil
}

// resolve finds the synsets that the pointers name.
func (r *reader) resolve() error {
	for i := range r.pointers {
		p, ok := &r.pointers[i], false
		if p.to, ok = r.at(p.part, p.offset); !ok {
			return fmt.Errorf("wordnet: data.%s:%d: no synset stands at offset %08d of data.%s", parts[r.partOf(p.from)].file, p.line, p.offset, parts[p.part].file)
		}
	}
	return nil
}

// at returns the synset at that offset of a data file.
func (r *reader) at(part, offset int) (class int32, ok bool) {
	i, ok := slices.BinarySearch(r.offset[r.first[part]:r.first[part+1]], offset)
	return r.first[part] + int32(i), ok
}

// partOf returns the part of speech of a synset.
func (r *reader) partOf(class int32) int { return partOfType(r.kind[class]) }

// partOfType returns the part of speech of a type of synsets, -1 if there is none.
func partOfType(kind byte) int {
	for p := range parts {
		if strings.IndexByte(parts[p].types, kind) >= 0 {
			return p
		}
	}
	return -1
}

// name makes the synsets' names.
func (r *reader) name() error {
	r.lexicon.byName = make(map[string]int32, len(r.offset))
	for c := range r.lexicon.Synsets {
		s := &r.lexicon.Synsets[c]
		if r.sense[c] == 0 {
			file := parts[r.partOf(int32(c))].file
			return fmt.Errorf("wordnet: index.%s does not list %s at offset %08d of data.%s", file, s.Words[0], r.offset[c], file)
		}
		s.Name = fmt.Sprintf("%s.%c.%02d", strings.ToLower(s.Words[0]), r.kind[c], r.sense[c])
		if other, twice := r.lexicon.byName[s.Name]; twice {
			return fmt.Errorf("wordnet: the synsets at offsets %08d and %08d of data.%s are both %s", r.offset[other], r.offset[c], parts[r.partOf(int32(c))].file, s.Name)
		}
		r.lexicon.byName[s.Name] = int32(c)
	}
	return nil
}

// sortHypernyms gives the synsets their hypernyms, in order.
func (r *reader) sortHypernyms() {
	synsets := r.lexicon.Synsets
	slices.SortStableFunc(r.pointers, func(a, b pointer) int {
		if d := cmp.Compare(a.from, b.from); d != 0 || a.instance != b.instance {
			return cmp.Or(d, map[bool]int{false: -1, true: 1}[a.instance])
		}
		return strings.Compare(synsets[a.to].Name, synsets[b.to].Name)
	})
	for _, p := range r.pointers {
		s := &synsets[p.from]
		s.Hypernyms = append(s.Hypernyms, p.to)
	}
}
