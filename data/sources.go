package data

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/rng"
)

// A reading is the corpora of a task on text while it is opened.
type reading struct {
	task     *Text
	tok      tokenizer.Tokenizer
	length   int // positions of a training sequence
	fraction float64
	seed     uint64
	progress func(what string, done, total int64)

	train, valid []textSource
	notes        []string
	bytes        int64 // of all text
	files, texts int
}

// A textSource is one side of one source.
type textSource struct {
	name   string // in validation sets
	what   string // in messages
	weight float64
	corpus *corpus.Corpus
	stream *corpus.Stream
}

// read reads the corpora and divides them.
func (r *reading) read() error {
	if r.task.Data == "" {
		files, err := corpus.GoSources()
		if err != nil {
			return err
		}
		o := r.options()
		o.Keep = corpus.HandWritten
		o.Repeats = true // some 20 of 4,000 files: the corpus stays what it was for runs that began on it
		c, err := corpus.Load(files, o)
		if err != nil {
			return err
		}
		r.train = []textSource{{name: "go", what: "the Go standard library", corpus: c}}
		r.took(c)
	} else {
		var err error
		if r.train, err = r.load("-data", r.task.Data); err != nil {
			return err
		}
	}
	if r.task.ValidData == "" {
		return r.holdOut()
	}
	known := fileContents(r.train)
	valid, err := r.load("-valid-data", r.task.ValidData)
	if err != nil {
		return fmt.Errorf("-valid-data: %w", err)
	}
	r.valid = valid
	for i := range r.train {
		whole(&r.train[i])
		if n := r.train[i].stream.Len(); n <= r.length {
			return fmt.Errorf("%s: its %d tokens are too few: -seq %d needs at least %d: give more text or a smaller -seq", r.train[i].what, n, r.length, r.length+1)
		}
	}
	for i := range r.valid {
		whole(&r.valid[i])
	}
	if n := longestStream(r.valid); n <= r.length {
		return fmt.Errorf("-valid-data: its %d tokens are too few: -seq %d needs at least %d: give more text or a smaller -seq", n, r.length, r.length+1)
	}
	again := 0
	for content := range fileContents(r.valid) {
		if known[content] {
			again++
		}
	}
	if again > 0 {
		r.notes = append(r.notes, fmt.Sprintf("-data also has %s of -valid-data: the model is validated on text that it is trained on", printable.Count(again, "file")))
	}
	return nil
}

// options are those of every corpus.
func (r *reading) options() corpus.Options {
	return corpus.Options{Tokenizer: r.tok, CacheDir: r.task.CacheDir, Field: r.task.TextField, SkipBad: r.task.SkipBadRows, Progress: r.progress}
}

// took notes what a corpus has.
func (r *reading) took(c *corpus.Corpus) {
	r.bytes, r.files, r.texts = r.bytes+c.Bytes, r.files+len(c.Documents), r.texts+c.Texts()
	for _, note := range c.Notes {
		if !slices.Contains(r.notes, note) {
			r.notes = append(r.notes, note)
		}
	}
}

// load reads the sources that a setting names.
func (r *reading) load(flag, text string) (list []textSource, err error) {
	named, err := parts(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", flag, err)
	}
	o := r.options()
	o.Known = map[corpus.Content]string{}
	defer func() {
		if err != nil {
			closeAll(list)
		}
	}()
	for _, p := range named {
		if flag == "-valid-data" && p.weight > 0 {
			return list, fmt.Errorf("%s: weights are for training only: leave them out", p.path)
		}
		files, err := corpus.Find(p.path)
		if err != nil {
			return list, err
		}
		c, err := corpus.Load(files, o)
		if err != nil {
			return list, err
		}
		o.SkipBad -= c.Skipped
		list = append(list, textSource{nameOf(p.path, list), p.path, p.weight, c, nil})
		r.took(c)
	}
	return list, nil
}

// nameOf names a source after its path, for a validation set, unlike those before it.
func nameOf(path string, before []textSource) string {
	name := strings.Map(func(c rune) rune {
		if c < 0x80 && (c == '.' || c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z') {
			return c
		}
		return '-'
	}, filepath.Base(path))
	for n, first := 2, name; slices.ContainsFunc(before, func(s textSource) bool { return s.name == name }); n++ {
		name = fmt.Sprintf("%s-%d", first, n)
	}
	return name
}

// holdOut divides each source into what is trained and validated on.
func (r *reading) holdOut() error {
	for i := range r.train {
		s := &r.train[i]
		train, valid, err := split(s.corpus, r.fraction, r.seed, r.length+1)
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		held := *s
		s.stream, held.stream = s.corpus.Stream(train), s.corpus.Stream(valid)
		r.valid = append(r.valid, held)
	}
	return nil
}

// whole makes the stream of a source that of its whole corpus.
func whole(s *textSource) {
	s.stream = s.corpus.Stream([]corpus.Span{{Start: 0, Len: s.corpus.Len()}})
}

// fileContents are the contents of the files of sources.
func fileContents(list []textSource) map[corpus.Content]bool {
	all := map[corpus.Content]bool{}
	for _, s := range list {
		for _, content := range s.corpus.Contents {
			all[content] = true
		}
	}
	return all
}

// close closes all corpora.
func (r *reading) close() error {
	return errors.Join(closeAll(r.train), closeAll(r.valid)) // a corpus can be closed twice
}

func closeAll(list []textSource) error {
	var errs []error
	for _, s := range list {
		errs = append(errs, s.corpus.Close())
	}
	return errors.Join(errs...)
}

func streams(list []textSource) []*corpus.Stream {
	var all []*corpus.Stream
	for _, s := range list {
		all = append(all, s.stream)
	}
	return all
}

func tokens(list []textSource) (n int) {
	for _, s := range list {
		n += s.stream.Len()
	}
	return n
}

func longestStream(list []textSource) (n int) {
	for _, s := range list {
		n = max(n, s.stream.Len())
	}
	return n
}

// shares are the chances of the training sources, each with those before it, and with the weights of the task or by
// size.
func (r *reading) shares() []float64 {
	shares, sum := make([]float64, len(r.train)), 0.0
	all := float64(tokens(r.train))
	for i, s := range r.train {
		sum += cmp.Or(s.weight, float64(s.stream.Len())/all)
		shares[i] = sum
	}
	return shares
}

// fingerprints returns the one of the data, and the one that earlier versions gave it.
func (r *reading) fingerprints() (now, earlier string) {
	first := r.train[0].corpus
	if len(r.train) == 1 && r.task.ValidData == "" {
		identify := func(hash string) string {
			return fingerprint("text %s %s %d %g", hash, r.tok.Name(), r.tok.Vocab(), r.fraction)
		}
		return identify(first.Hash), identify(first.NamedHash)
	}
	text := fmt.Sprintf("texts %s %d", r.tok.Name(), r.tok.Vocab())
	for _, s := range r.train {
		text += fmt.Sprintf("\ntrain %s %g", s.corpus.Hash, s.weight)
	}
	if r.task.ValidData == "" {
		return fingerprint("%s\nvalid-fraction %g", text, r.fraction), ""
	}
	for _, s := range r.valid {
		text += "\nvalid " + s.corpus.Hash
	}
	return fingerprint("%s", text), ""
}

// dataset makes the data set, without its validation sets.
func (r *reading) dataset() *Dataset {
	contents, earlier := r.fingerprints()
	shares := r.shares()
	var what []string
	for i, s := range r.train {
		what = append(what, s.what)
		if len(r.train) > 1 {
			before := 0.0
			if i > 0 {
				before = shares[i-1]
			}
			r.notes = append(r.notes, printable.Line(fmt.Sprintf("%s: %d tokens to train on, %.1f %% of the sequences", s.what, s.stream.Len(), 100*(shares[i]-before))))
		}
	}
	texts := ""
	if r.texts != r.files {
		texts = ", " + printable.Count(r.texts, "text")
	}
	return &Dataset{
		Name:        "text",
		Vocab:       r.tok.Vocab(),
		SeqLen:      r.length,
		Fingerprint: contents,
		Earlier:     earlier,
		Train: &source{
			id:       identity{"text/train", r.length, contents},
			earlier:  earlier,
			bytes:    byteLengths(r.tok),
			iterator: &randomWindows{random: rng.New(r.seed, "data/train"), streams: streams(r.train), shares: shares, row: make([]int32, r.length+1)},
		},
		Tokenizer: r.tok,
		Summary: fmt.Sprintf("text of %s: %s%s, %.1f MB, %s tokens: %d to train on, %d to validate on",
			strings.Join(what, ", "), printable.Count(r.files, "file"), texts, float64(r.bytes)/1e6, r.tok.Name(), tokens(r.train), tokens(r.valid)),
		Notes:   r.notes,
		Release: r.close,
	}
}

// validations are the set of all that is validated on and, of several sources, one for each.
func (r *reading) validations() []Validation {
	sets := []Validation{r.validation("valid", r.length, r.valid)}
	for _, s := range r.valid {
		if len(r.valid) > 1 && s.stream.Len() > r.length {
			sets = append(sets, r.validation("valid-"+s.name, r.length, []textSource{s}))
		}
	}
	return sets
}

// validation is a set of some of the sources.
func (r *reading) validation(name string, length int, of []textSource) Validation {
	contents, earlier := r.fingerprints()
	lengths, from := byteLengths(r.tok), streams(of)
	return Validation{Name: name, Len: length, Source: func() (Source, error) {
		return &source{id: identity{"text/valid", length, contents}, earlier: earlier, bytes: lengths, iterator: newFixedWindows(from, length)}, nil
	}}
}
