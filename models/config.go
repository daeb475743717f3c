package models

import (
	"fmt"
	"slices"

	"goomtrain/internal/nearest"
	"goomtrain/params"
	"goomtrain/settings"
)

// Config determines a model: the name of an architecture, the preset that its sizes come from, and the sizes.
// NewConfig makes one. A copy by assignment shares Sizes with the original; Clone makes an independent copy.
type Config struct {
	Model  string
	Preset string
	Sizes  Sizes // nil: the model is not registered
}

// DefaultModel is the model of a configuration without a name.
const DefaultModel = "hybrid"

// NewConfig returns the sizes of a preset. An empty model stands for DefaultModel, an empty preset for "small"
// or, if there is none, the first preset of the model. Fit sets the vocabulary from the data.
func NewConfig(model, preset string) (Config, error) {
	if model == "" {
		model = DefaultModel
	}
	a, err := architectures.Find(model)
	if err != nil {
		return Config{}, err
	}
	if preset == "" {
		preset = defaultPreset(a)
	}
	p, err := a.preset(model, preset)
	if err != nil {
		return Config{}, err
	}
	return Config{Model: model, Preset: preset, Sizes: p.sizes()}, nil
}

func defaultPreset(a architecture) string {
	for _, p := range a.presets {
		if p.name == "small" {
			return p.name
		}
	}
	return a.presets[0].name
}

func (a architecture) preset(model, name string) (preset, error) {
	for _, p := range a.presets {
		if p.name == name {
			return p, nil
		}
	}
	var owners []string
	for _, other := range architectures.Names() {
		if b, err := architectures.Find(other); err == nil && slices.Contains(b.presetNames(), name) {
			owners = append(owners, other)
		}
	}
	if len(owners) == 1 {
		return preset{}, fmt.Errorf("model %s has no preset %q, only %s: give -model %s", model, name, owners[0], owners[0])
	}
	return preset{}, fmt.Errorf("model %s has no preset %q%s", model, name, nearest.Hint(name, a.presetNames()))
}

func (a architecture) presetNames() []string {
	names := make([]string, len(a.presets))
	for i, p := range a.presets {
		names[i] = p.name
	}
	return names
}

// Presets lists the presets of a model in the order of registration, by convention from the smallest on.
func Presets(model string) ([]string, error) {
	a, err := architectures.Find(model)
	if err != nil {
		return nil, err
	}
	return a.presetNames(), nil
}

// Purpose returns the line about a preset, or "" for an unknown model or preset.
func Purpose(model, name string) string {
	a, err := architectures.Find(model)
	if err != nil {
		return ""
	}
	p, _ := a.preset(model, name)
	return p.why
}

// Training lists the training settings in which the preset differs from the defaults of package train.
func (c Config) Training() []settings.Pair {
	if a, err := architectures.Find(c.Model); err == nil {
		if p, err := a.preset(c.Model, c.Preset); err == nil {
			return slices.Clone(p.training)
		}
	}
	return nil
}

// Settings lists model and preset, the sizes of the architecture, and those that all architectures have.
// Setting model or preset changes only the name; NewConfig returns the sizes of another.
func (c *Config) Settings() settings.Table {
	table := settings.Table{
		{Name: "model", Value: &c.Model, Rule: settings.OneOfFunc(Names), Change: settings.Frozen},
		{Name: "preset", Help: "named set of sizes and training settings", Value: &c.Preset, Change: settings.Frozen},
	}
	if a, err := architectures.Find(c.Model); err == nil {
		table[1].Rule, table[1].Zero = settings.OneOf(a.presetNames()...), defaultPreset(a)
	}
	if c.Sizes == nil {
		return table[:1]
	}
	for _, s := range c.Sizes.Settings() {
		s.Change = settings.Frozen
		table = append(table, s)
	}
	common := c.Sizes.common()
	return append(table,
		settings.Setting{Name: "vocab", Help: "size of the vocabulary", Value: &common.Vocab, Rule: settings.Between(1, largestVocab), Zero: "that of the data", Change: settings.Frozen},
		settings.Setting{Name: "dropout", Help: "probability of setting an activation to zero in training", Value: &common.Dropout, Rule: settings.Fraction(), Zero: "none", Change: settings.Steers},
		settings.Setting{Name: "reset-documents", Help: "start recurrences, states, attention and learned positions anew at each document of a text", Value: &common.ResetDocuments, Change: settings.Frozen},
		settings.Setting{Name: "document-start", Help: "with -reset-documents: number of the token that begins a document", Value: &common.DocumentStart, Zero: "the separator of the tokenizer", Change: settings.Frozen})
}

// Common returns the sizes that every architecture has, nil if the model is not registered.
func (c Config) Common() *Common {
	if c.Sizes == nil {
		return nil
	}
	return c.Sizes.common()
}

// Clone returns a configuration that shares nothing with c.
func (c Config) Clone() Config {
	if a, err := architectures.Find(c.Model); err == nil && c.Sizes != nil {
		c.Sizes = a.clone(c.Sizes)
	}
	return c
}

// largestModel is the largest number of weights; a larger one is a mistake.
const largestModel = 1 << 32

// Validate returns an error that names the rule that the sizes break. The vocabulary may be unset.
func (c Config) Validate() error {
	a, err := architectures.Find(c.Model)
	if err != nil {
		return err
	}
	if c.Sizes == nil {
		return fmt.Errorf("model %s has no sizes: make the configuration with NewConfig", c.Model)
	}
	if err := c.Settings().Validate(); err != nil {
		return err
	}
	if _, err := c.Sizes.common().documentStart(); err != nil {
		return err
	}
	if c.Classifies() && c.Common().ResetDocuments {
		return fmt.Errorf("-reset-documents: model %s gives a class to a whole sequence, which is one document: leave it out", c.Model)
	}
	if err := c.Sizes.Validate(); err != nil {
		return err
	}
	if n := c.weights(a); n > largestModel {
		return fmt.Errorf("model %s with these sizes has %.3g weights: must be at most %d", c.Model, n, largestModel)
	}
	return nil
}

// weights counts the weights of the model.
func (c Config) weights(a architecture) float64 {
	n := 0.0
	for _, p := range c.shapes(a) {
		size := 1.0
		for _, d := range p.Shape {
			size *= float64(d)
		}
		n += size
	}
	return n
}

// shapes lists the parameters of the model without their values.
func (c Config) shapes(a architecture) []*params.Param[float32] {
	set := params.NewShapes[float32]()
	newNetwork(a, set, c.Sizes)
	return set.All()
}

// FitsFile reports whether a weights file of that many bytes can hold the model. It allocates no weights, so
// that a file that is too small is rejected before the model is built.
func (c Config) FitsFile(bytes int64) bool {
	a, err := architectures.Find(c.Model)
	return err == nil && 2*c.weights(a) <= float64(bytes) // 2 bytes a weight in the narrowest type that is read
}

// Fit sets unset sizes that follow from the data: the vocabulary, and sizes that depend on the longest
// sequence. It returns an error if a size that was set is too small for the data.
func (c Config) Fit(vocab, longest int) error {
	if c.Sizes == nil {
		return fmt.Errorf("model %s has no sizes: make the configuration with NewConfig", c.Model)
	}
	switch common := c.Sizes.common(); {
	case common.Vocab == 0:
		common.Vocab = vocab
	case c.Classifies() && common.Vocab != vocab:
		return fmt.Errorf("-vocab %d: the data has %d tokens and classes together, and a classifier exactly as many: leave it out", common.Vocab, vocab)
	case common.Vocab < vocab:
		return fmt.Errorf("-vocab %d: the data has %d tokens: must be at least that (0: exactly that)", common.Vocab, vocab)
	}
	if bounded, ok := c.Sizes.(LengthFitter); ok {
		return bounded.FitLength(longest)
	}
	return nil
}

// Tokens returns the number of tokens that the model reads: its vocabulary without the classes.
func (c Config) Tokens() int {
	n := c.Common().Vocab
	if sizes, ok := c.Sizes.(ClassFitter); ok {
		n -= sizes.ClassCount()
	}
	return n
}

// Classifies reports whether the model gives a class to a whole sequence.
func (c Config) Classifies() bool {
	_, ok := c.Sizes.(ClassFitter)
	return ok
}

// FitClasses sets unset sizes of a model that classifies: the number of classes, and the size of an image, 0 x 0 if the
// sequences are not images. It returns an error if the model does not classify or if sizes that were set do not fit.
func (c Config) FitClasses(classes, rows, columns int) error {
	sizes, ok := c.Sizes.(ClassFitter)
	if !ok {
		return fmt.Errorf("model %s does not classify", c.Model)
	}
	return sizes.FitClasses(classes, rows, columns)
}

// New builds the model of a configuration. Its initial weights follow from the seed. It returns an error if a
// size breaks a rule or the vocabulary is not set.
func New[F params.Float](c Config, seed uint64) (*Model[F], error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if c.Common().Vocab == 0 {
		return nil, fmt.Errorf("model %s: the vocabulary is not set: call Config.Fit with that of the data", c.Model)
	}
	if bounded, ok := c.Sizes.(LengthFitter); ok {
		if err := bounded.FitLength(0); err != nil {
			return nil, fmt.Errorf("model %s: %w", c.Model, err)
		}
	}
	if common := c.Common(); common.ResetDocuments && common.DocumentStart == "" {
		return nil, fmt.Errorf("model %s: -reset-documents without -document-start: call Config.FitDocuments with the separator of the data", c.Model)
	}
	if c.Classifies() {
		if err := c.FitClasses(0, 0, 0); err != nil {
			return nil, fmt.Errorf("model %s: %w: call Config.FitClasses with that of the data", c.Model, err)
		}
	}
	a, err := architectures.Find(c.Model)
	if err != nil {
		return nil, err
	}
	set := params.NewSet[F](seed)
	m := FromNetwork(set, newNetwork(a, set, c.Sizes))
	m.config = c.Clone()
	m.start, err = c.Common().documentStart()
	return m, err
}
