package data

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer"
	"goomtrain/rng"
)

func openText(cfg Config, seed uint64) (*Dataset, error) {
	tok, err := tokenizer.New(cfg.tokenizer())
	if err != nil {
		return nil, err
	}
	var files []corpus.File
	o := corpus.Options{Tokenizer: tok, CacheDir: cfg.CacheDir}
	what := cfg.Data
	if cfg.Data == "" {
		what, o.Keep = "the Go standard library", corpus.HandWritten
		files, err = corpus.GoSources()
	} else {
		files, err = corpus.Find(cfg.Data)
	}
	if err != nil {
		return nil, fmt.Errorf("text data: %w", err)
	}
	c, err := corpus.Load(files, o)
	if err != nil {
		return nil, fmt.Errorf("text data: %w", err)
	}
	length, fraction := cfg.SeqLen, cfg.ValidFraction
	if length == 0 {
		length = defaultTextLen
	}
	if fraction == 0 {
		fraction = defaultValidFraction
	}
	trainSpans, validSpans, err := split(c, fraction, seed, length+1)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("text data %s: %w", what, err)
	}
	train, valid := c.Stream(trainSpans), c.Stream(validSpans)
	contents := fingerprint("text %s %s %d %g", c.Hash, tok.Name(), tok.Vocab(), fraction)
	lengths := byteLengths(tok)
	validSource := func() (Source, error) {
		return &source{
			id:     identity{"text/valid", length, contents},
			bytes:  lengths,
			drawer: &fixedWindows{spread: spread{count: (valid.Len() - 1) / length}, stream: valid, row: make([]int32, length+1)},
		}, nil
	}
	return &Dataset{
		Name:        taskText,
		Vocab:       tok.Vocab(),
		SeqLen:      length,
		Fingerprint: contents,
		Train: &source{
			id:     identity{"text/train", length, contents},
			bytes:  lengths,
			drawer: &randomWindows{random: rng.New(seed, "data/train"), stream: train, row: make([]int32, length+1)},
		},
		Valid:     []Validation{{Name: "valid", Len: length, Source: validSource}},
		Tokenizer: tok,
		Summary: fmt.Sprintf("text of %s: %d files, %.1f MB, %s tokens: %d to train on, %d to validate on",
			what, len(c.Documents), float64(c.Bytes)/1e6, tok.Name(), train.Len(), valid.Len()),
		Notes:   c.Notes,
		release: c.Close,
	}, nil
}

func fingerprint(format string, args ...any) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, format, args...)))
}

func byteLengths(tok tokenizer.Tokenizer) []uint16 {
	lengths := make([]uint16, tok.Vocab())
	for t := range lengths {
		lengths[t] = uint16(min(tok.Bytes(int32(t)), 1<<16-1))
	}
	return lengths
}

// split divides a corpus by files: one is held out if a number drawn from the seed and its name is below
// the fraction, so that a file stays on its side when others come or go. Each side gets at least need
// tokens; where whole files cannot do that, as with a single one, the row of tokens is cut near its end.
func split(c *corpus.Corpus, fraction float64, seed uint64, need int) (train, valid []corpus.Span, err error) {
	if c.Len() < 2*need {
		return nil, nil, fmt.Errorf("its %d tokens are too few: seq %d needs at least %d to train on and as many to validate on; give more text or a smaller seq", c.Len(), need-1, need)
	}
	type ticket struct {
		doc    int
		number float64
	}
	tickets := make([]ticket, len(c.Documents))
	for i, d := range c.Documents {
		tickets[i] = ticket{i, rng.New(seed, "data/split/"+d.Name).Float64()}
	}
	slices.SortFunc(tickets, func(a, b ticket) int { // names differ, so the order is the same each time
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.doc, b.doc))
	})
	held, tokens := 0, 0 // tickets[:held] are held out
	for held < len(tickets) && (tickets[held].number < fraction || tokens < need) {
		tokens += c.Documents[tickets[held].doc].Len
		held++
	}
	for held > 0 && c.Len()-tokens < need {
		held--
		tokens -= c.Documents[tickets[held].doc].Len
	}
	if tokens < need {
		cut := c.Len() - max(need, min(int(fraction*float64(c.Len())), c.Len()-need))
		return []corpus.Span{{Start: 0, Len: cut}}, []corpus.Span{{Start: cut, Len: c.Len() - cut}}, nil
	}
	out := make([]bool, len(c.Documents))
	for _, t := range tickets[:held] {
		out[t.doc] = true
	}
	for i, d := range c.Documents {
		span := corpus.Span{Start: d.Start, Len: d.Len}
		if out[i] {
			valid = append(valid, span)
		} else {
			train = append(train, span)
		}
	}
	return train, valid, nil
}

// randomWindows draws stretches of the stream at uniform places: inputs are SeqLen tokens, targets the
// tokens one further on.
type randomWindows struct {
	random *rng.Stream
	stream *corpus.Stream
	row    []int32 // [SeqLen+1]
}

func (w *randomWindows) draw(inputs, targets []int32) bool {
	w.stream.Copy(w.row, w.random.IntN(w.stream.Len()-len(inputs)))
	copy(inputs, w.row)
	copy(targets, w.row[1:])
	return true
}

func (w *randomWindows) position() position {
	state := w.random.State()
	return position{RNG: &state}
}

func (w *randomWindows) seek(p position) error {
	if err := sameStream(p.RNG, w.random.State()); err != nil {
		return err
	}
	w.random = rng.Restore(*p.RNG)
	return nil
}

// fixedWindows draws the stretches that cover the stream without overlapping, each once.
type fixedWindows struct {
	spread
	stream *corpus.Stream
	row    []int32 // [SeqLen+1]
}

func (w *fixedWindows) draw(inputs, targets []int32) bool {
	i, ok := w.step()
	if !ok {
		return false
	}
	w.stream.Copy(w.row, i*len(inputs))
	copy(inputs, w.row)
	copy(targets, w.row[1:])
	return true
}
