package data

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"goomtrain/data/tokenizer"
	"goomtrain/settings"
)

const (
	defaultTextLen       = 256
	defaultValidFraction = 0.05
)

// Text is the task "text": predict the next token of a corpus. The zero value is byte-level text, the
// sources of the Go standard library.
type Text struct {
	Data          string  // PATH[:WEIGHT][,PATH[:WEIGHT]]..., each a file, folder or glob; "": the sources of the Go standard library
	ValidData     string  // the same without weights, to validate on; "": a part of Data is held out
	TextField     string  // field or column of the text in files of rows; "": text
	SkipBadRows   int     // rows without a text that are left out of Data, and of ValidData; one more is an error
	Tokenizer     string  // "byte", another that is linked into the program, or the path of a file; "": "byte"
	ValidFraction float64 // share of the texts, or of the tokens of a single one, held out; 0: 0.05
	CacheDir      string  // folder for tokens; "": the user's cache; "off": none

	TokenizerSHA256 string // of the file of the tokenizer, in hexadecimal digits; "": any, and Open sets it
}

// Settings implements Task.
func (t *Text) Settings() settings.Table {
	table := settings.Table{
		// The text is identified by its content: a run can resume with the same text in another place, and
		// Fingerprint detects another text.
		{Name: "data", Help: "text, JSONL or Parquet: file, folder or glob; several with weights: a.jsonl:0.7,b.parquet:0.3", Value: &t.Data, Zero: "the Go library's sources", Change: settings.Free},
		{Name: "valid-data", Help: "text to validate on, as in -data without weights", Value: &t.ValidData, Zero: "a part of -data", Change: settings.Free},
		textFieldSetting(&t.TextField),
		{Name: "skip-bad-rows", Help: "rows without a text that are left out", Value: &t.SkipBadRows, Rule: settings.AtLeast(0), Change: settings.Free},
		validFractionSetting(&t.ValidFraction, defaultValidFraction),
		{Name: "cache-dir", Help: `folder of tokenized text, "off" for none`, Value: &t.CacheDir, Zero: "the user's cache", Change: settings.Free},
	}
	return slices.Insert(table, 4, tokenizerSettings(&t.Tokenizer, &t.TokenizerSHA256)...)
}

// textFieldSetting is the setting of every task on rows. Another field is another text, which Fingerprint detects.
func textFieldSetting(value *string) settings.Setting {
	return settings.Setting{Name: "text-field", Help: "field or column of the text in rows", Value: value, Zero: defaultTextField, Change: settings.Free}
}

func validFractionSetting(value *float64, otherwise float64) settings.Setting {
	return settings.Setting{Name: "valid-fraction", Help: "fraction of the text held out for validation", Value: value, Rule: settings.Between(0, 0.9),
		Zero: fmt.Sprint(otherwise), Change: settings.Frozen}
}

// Validate implements Task.
func (t *Text) Validate(seq int) error {
	if err := checkTokenizer(t.Tokenizer, t.TokenizerSHA256); err != nil {
		return err
	}
	if t.ValidData != "" && t.ValidFraction != 0 {
		return errors.New("-valid-fraction contradicts -valid-data, which is all that is validated on: leave one out")
	}
	return nil
}

// Open implements Task.
func (t *Text) Open(seq int, seed uint64) (*Dataset, error) {
	return t.open(Config{Seq: seq}, seed)
}

// open validates at the lengths of the configuration, or at the training length if there are none.
func (t *Text) open(c Config, seed uint64) (*Dataset, error) {
	tok, file, err := openTokenizer(t.Tokenizer, &t.TokenizerSHA256, c.Copies)
	if err != nil {
		return nil, err
	}
	r := &reading{task: t, tok: tok, length: cmp.Or(c.Seq, defaultTextLen), fraction: cmp.Or(t.ValidFraction, defaultValidFraction), seed: seed, progress: c.Progress}
	if err := r.read(); err != nil {
		r.close()
		return nil, fmt.Errorf("text data: %w", err)
	}
	d := r.dataset()
	d.TokenizerFile = file
	for _, n := range c.EvalLengths {
		if most := longestStream(r.valid); n >= most {
			r.close()
			return nil, fmt.Errorf("-eval-lengths: %d: the text held out has %d tokens: must be less", n, most)
		}
		d.Valid, d.ByLength = append(d.Valid, r.validation(lengthName(n), n, r.valid)), true
	}
	if len(c.EvalLengths) == 0 {
		d.Valid = r.validations()
	}
	return d, nil
}

// byteLengths returns how many bytes of text each token stands for, [Vocab].
func byteLengths(tok tokenizer.Tokenizer) []uint16 {
	lengths := make([]uint16, tok.Vocab())
	for t := range lengths {
		lengths[t] = uint16(min(tok.Bytes(int32(t)), 1<<16-1))
	}
	return lengths
}
