package data

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"goomtrain/data/labeled"
	"goomtrain/rng"
	"goomtrain/settings"
)

const (
	defaultHeldOut    = 0.1
	defaultTextField  = "text"
	defaultLabelField = "label"
	mostClasses       = 1 << 16
)

// Classify is the task "classify": predict the label of a text after its last token. A separator precedes each text.
type Classify struct {
	Data          string  // folder of classes, or JSONL or CSV file; see package labeled
	TestData      string  // the same, to validate on; "": a part of Data is held out
	TextField     string  // "": text
	LabelField    string  // "": label
	Tokenizer     string  // "": "byte"
	ValidFraction float64 // share of each class held out; 0: 0.1

	TokenizerSHA256 string // as in Text
}

// Settings implements Task.
func (t *Classify) Settings() settings.Table {
	table := settings.Table{
		{Name: "data", Help: "labeled text: a folder with a folder for each class, or a .jsonl, .csv or .tsv file", Value: &t.Data, Change: settings.Free},
		{Name: "test-data", Help: "labeled text to validate on", Value: &t.TestData, Zero: "a part of -data", Change: settings.Free},
		textFieldSetting(&t.TextField),
		{Name: "label-field", Help: "field or column of the label", Value: &t.LabelField, Zero: defaultLabelField, Change: settings.Free},
		validFractionSetting(&t.ValidFraction, defaultHeldOut),
	}
	return slices.Insert(table, 4, tokenizerSettings(&t.Tokenizer, &t.TokenizerSHA256)...)
}

// Validate implements Task.
func (t *Classify) Validate(seq int) error {
	switch {
	case t.Data == "":
		return errors.New(`-data "": must be labeled text: a folder with a folder for each class, or a .jsonl, .csv or .tsv file`)
	case t.TestData != "" && t.ValidFraction != 0:
		return errors.New("-valid-fraction contradicts -test-data, which is all that is validated on: leave one out")
	case cmp.Or(t.TextField, defaultTextField) == cmp.Or(t.LabelField, defaultLabelField):
		return fmt.Errorf("-label-field %s: is the field of the text too", cmp.Or(t.LabelField, defaultLabelField))
	case seq == 1:
		return errors.New("-seq 1: must be at least 2: a separator precedes each text")
	}
	return checkTokenizer(t.Tokenizer, t.TokenizerSHA256)
}

// Open implements Task. Longer texts are cut to seq tokens, the separator included.
func (t *Classify) Open(seq int, seed uint64) (*Dataset, error) {
	return t.open(Config{Seq: seq}, seed)
}

func (t *Classify) open(cfg Config, seed uint64) (*Dataset, error) {
	seq := cfg.Seq
	tok, file, err := openTokenizer(t.Tokenizer, &t.TokenizerSHA256, cfg.Copies)
	if err != nil {
		return nil, err
	}
	c := newCollection(tok, cmp.Or(seq, defaultTextLen), labeled.Fields{Text: cmp.Or(t.TextField, defaultTextField), Label: cmp.Or(t.LabelField, defaultLabelField)})
	fraction := cmp.Or(t.ValidFraction, defaultHeldOut)
	train, valid, err := c.read(t.Data, t.TestData, fraction, seed)
	if err != nil {
		return nil, fmt.Errorf("labeled text: %w", err)
	}
	length := seq
	if length == 0 {
		length = c.longest
	}
	contents := fingerprint("classify %s %d %s %g", tok.Name(), tok.Vocab(), c.sum(), fraction)
	classes := &Classes{Names: c.names, First: int32(tok.Vocab())}
	source := func(set string, it iterator) *source {
		return &source{id: identity{"classify/" + set, length, contents}, iterator: it}
	}
	fill := func(texts []int32) func(item int, inputs, targets []int32) {
		return func(item int, inputs, targets []int32) { c.fill(int(texts[item]), inputs, targets, classes.First) }
	}
	held := make([]int32, len(valid))
	for i, text := range valid {
		held[i] = c.texts[text].class
	}
	return &Dataset{
		Name: "classify", Vocab: tok.Vocab() + len(c.names), SeqLen: length, Fingerprint: contents, Classes: classes, TokenizerFile: file,
		Train: source("train", newShuffled(rng.New(seed, "data/train"), len(train), fill(train))),
		Valid: []Validation{{Name: "valid", Len: length, Classes: classes, Source: func() (Source, error) {
			return source("valid", &inTurn{spread{count: len(valid)}, fill(valid)}), nil
		}}},
		Chance: classes.chance(held),
		Summary: fmt.Sprintf("labeled text of %s: %d classes, %d to train on, %d to validate on, %s tokens, the longest has %d",
			t.Data, len(c.names), len(train), len(valid), tok.Name(), c.longest),
		Notes: c.notes(),
	}, nil
}
