package data

import (
	"cmp"
	"fmt"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/rng"
	"goomtrain/settings"
)

const (
	defaultTextLen       = 256
	defaultValidFraction = 0.05
)

// Text is the task "text": predict the next token of a corpus. The zero value is byte-level text, the
// sources of the Go standard library.
type Text struct {
	Data          string  // file, folder or glob; "": the sources of the Go standard library
	Tokenizer     string  // "byte" or another that is linked into the program; "": "byte"
	ValidFraction float64 // share of the files, or of the tokens of a single file, held out; 0: 0.05
	CacheDir      string  // folder for tokens; "": the user's cache; "off": none
}

// Settings implements Task.
func (t *Text) Settings() settings.Table {
	return settings.Table{
		// The text is identified by its content: a run can resume with the same text in another place, and
		// Fingerprint detects another text.
		{Name: "data", Help: "file, folder or glob of text", Value: &t.Data, Zero: "the Go library's sources", Change: settings.Free},
		tokenizerSetting(&t.Tokenizer),
		validFractionSetting(&t.ValidFraction, defaultValidFraction),
		{Name: "cache-dir", Help: `folder of tokenized text, "off" for none`, Value: &t.CacheDir, Zero: "the user's cache", Change: settings.Free},
	}
}

// tokenizerSetting is the setting of every task on text.
func tokenizerSetting(value *string) settings.Setting {
	return settings.Setting{Name: "tokenizer", Help: "tokenizer of the text", Value: value, Rule: settings.OneOfFunc(tokenizer.Known), Zero: "byte", Change: settings.Frozen}
}

func validFractionSetting(value *float64, otherwise float64) settings.Setting {
	return settings.Setting{Name: "valid-fraction", Help: "fraction of the text held out for validation", Value: value, Rule: settings.Between(0, 0.9),
		Zero: fmt.Sprint(otherwise), Change: settings.Frozen}
}

// Validate implements Task.
func (t *Text) Validate(seq int) error {
	if err := tokenizer.Check(t.tokenizer()); err != nil {
		return fmt.Errorf("-tokenizer: %w", err)
	}
	return nil
}

func (t *Text) tokenizer() string { return cmp.Or(t.Tokenizer, "byte") }

// Open implements Task.
func (t *Text) Open(seq int, seed uint64) (*Dataset, error) { return t.open(seq, nil, seed) }

// open validates at evalLengths, or at the training length if there are none.
func (t *Text) open(seq int, evalLengths []int, seed uint64) (*Dataset, error) {
	tok, err := tokenizer.New(t.tokenizer())
	if err != nil {
		return nil, err
	}
	c, what, err := t.load(tok)
	if err != nil {
		return nil, fmt.Errorf("text data: %w", err)
	}
	length, fraction := cmp.Or(seq, defaultTextLen), cmp.Or(t.ValidFraction, defaultValidFraction)
	trainSpans, validSpans, err := split(c, fraction, seed, length+1)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("text data %s: %w", what, err)
	}
	train, valid := c.Stream(trainSpans), c.Stream(validSpans)
	identify := func(hash string) string {
		return fingerprint("text %s %s %d %g", hash, tok.Name(), tok.Vocab(), fraction)
	}
	contents, earlier := identify(c.Hash), identify(c.NamedHash)
	lengths := byteLengths(tok)
	d := &Dataset{
		Name:        "text",
		Vocab:       tok.Vocab(),
		SeqLen:      length,
		Fingerprint: contents,
		Earlier:     earlier,
		Train: &source{
			id:       identity{"text/train", length, contents},
			earlier:  earlier,
			bytes:    lengths,
			iterator: &randomWindows{random: rng.New(seed, "data/train"), stream: train, row: make([]int32, length+1)},
		},
		Tokenizer: tok,
		Summary: fmt.Sprintf("text of %s: %s, %.1f MB, %s tokens: %d to train on, %d to validate on",
			what, printable.Count(len(c.Documents), "file"), float64(c.Bytes)/1e6, tok.Name(), train.Len(), valid.Len()),
		Notes:   c.Notes,
		Release: c.Close,
	}
	set := func(name string, length int) Validation {
		return Validation{Name: name, Len: length, Source: func() (Source, error) {
			return &source{
				id:       identity{"text/valid", length, contents},
				earlier:  earlier,
				bytes:    lengths,
				iterator: &fixedWindows{spread: spread{count: (valid.Len() - 1) / length}, stream: valid, row: make([]int32, length+1)},
			}, nil
		}}
	}
	for _, n := range evalLengths {
		if n >= valid.Len() {
			c.Close()
			return nil, fmt.Errorf("-eval-lengths: %d: the text held out has %d tokens: must be less", n, valid.Len())
		}
		d.Valid, d.ByLength = append(d.Valid, set(lengthName(n), n)), true
	}
	if len(evalLengths) == 0 {
		d.Valid = []Validation{set("valid", length)}
	}
	return d, nil
}

// load reads the corpus; what names it in messages.
func (t *Text) load(tok tokenizer.Tokenizer) (c *corpus.Corpus, what string, err error) {
	var files []corpus.File
	o := corpus.Options{Tokenizer: tok, CacheDir: t.CacheDir}
	what = t.Data
	if t.Data == "" {
		what, o.Keep = "the Go standard library", corpus.HandWritten
		o.Repeats = true // some 20 of 4,000 files: the corpus stays what it was for runs that began on it
		files, err = corpus.GoSources()
	} else {
		files, err = corpus.Find(t.Data)
	}
	if err != nil {
		return nil, what, err
	}
	c, err = corpus.Load(files, o)
	return c, what, err
}

// byteLengths returns how many bytes of text each token stands for, [Vocab].
func byteLengths(tok tokenizer.Tokenizer) []uint16 {
	lengths := make([]uint16, tok.Vocab())
	for t := range lengths {
		lengths[t] = uint16(min(tok.Bytes(int32(t)), 1<<16-1))
	}
	return lengths
}
