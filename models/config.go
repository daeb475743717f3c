package models

import (
	"fmt"
	"slices"

	"goomtrain/internal/nearest"
)

// Config is what a model is built from. A field that a model does not have is 0.
type Config struct {
	Model       string `toml:"model" json:"model"`                                   // registered name
	Vocab       int    `toml:"vocab" json:"vocab"`                                   // S, tokens
	DEmb        int    `toml:"d_emb" json:"d_emb"`                                   // D, width of activations
	Layers      int    `toml:"layers" json:"layers"`                                 // residual blocks
	Heads       int    `toml:"heads" json:"heads"`                                   // H attention heads, or N hidden vectors
	DHead       int    `toml:"d_head" json:"d_head"`                                 // width of a head, or of a hidden vector
	DValue      int    `toml:"d_value,omitempty" json:"d_value,omitempty"`           // width of a head's values in log-attention; 0: d_head
	TaylorTerms int    `toml:"taylor_terms,omitempty" json:"taylor_terms,omitempty"` // P, of taylor-attention
	Positions   string `toml:"positions,omitempty" json:"positions,omitempty"`       // of transformers: rotary (also ""), learned or none
	Context     int    `toml:"context,omitempty" json:"context,omitempty"`           // longest sequence of learned positions
	MLP         string `toml:"mlp,omitempty" json:"mlp,omitempty"`                   // of transformers: gelu (also "") or swiglu
	DMLP        int    `toml:"d_mlp,omitempty" json:"d_mlp,omitempty"`               // hidden width of the MLP; 0: 4 d_emb, swiglu about 8/3 d_emb

	// Dropout is the probability with which, in training alone, numbers of the embeddings and of all that
	// is added to the residual stream are set to zero: at the places of GPT-2, but for attention weights,
	// which most of these models never form.
	Dropout float64 `toml:"dropout,omitempty" json:"dropout,omitempty"`
}

// largest sizes that are accepted: beyond them a configuration is a mistake, and products of sizes
// stay far from overflow.
const (
	largestVocab = 1 << 24
	largestWidth = 1 << 16
	largestCount = 1 << 12
)

// Validate says which rule a configuration breaks.
func (c Config) Validate() error {
	a, err := find(c.Model)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name           string
		value, largest int
	}{
		{"vocab", c.Vocab, largestVocab},
		{"d_emb", c.DEmb, largestWidth},
		{"layers", c.Layers, largestCount},
		{"heads", c.Heads, largestCount},
		{"d_head", c.DHead, largestWidth},
	} {
		if f.value < 1 || f.value > f.largest {
			return fmt.Errorf("%s is %d, want 1 to %d", f.name, f.value, f.largest)
		}
	}
	if c.DValue < 0 || c.DValue > largestWidth || c.DValue > 0 && !a.values {
		return fmt.Errorf("d_value is %d, want 0 or, for log-attention, up to %d", c.DValue, largestWidth)
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("dropout is %g, want at least 0 (none) and less than 1", c.Dropout)
	}
	if a.blocks {
		if err := validateTransformer(c); err != nil {
			return err
		}
	} else if c.Positions != "" || c.Context != 0 || c.MLP != "" || c.DMLP != 0 {
		return fmt.Errorf("positions is %q, context %d, mlp %q and d_mlp %d, but %s has none of them: only softmax-attention and taylor-attention do", c.Positions, c.Context, c.MLP, c.DMLP, c.Model)
	}
	if n := c.leastWeights(); n > largestModel {
		return fmt.Errorf("sizes of %d or more weights (d_emb %d, layers %d, heads %d, d_head %d, d_mlp %d, vocab %d): want at most %d", n, c.DEmb, c.Layers, c.Heads, c.DHead, c.DMLP, c.Vocab, largestModel)
	}
	if a.validate != nil {
		return a.validate(c)
	}
	return nil
}

// largestModel is the number of weights beyond which a configuration is a mistake.
const largestModel = 1 << 32

// leastWeights is a lower bound of the number of weights of any model of these sizes: its table, and
// the largest map of each layer. Sizes within their limits do not overflow it.
func (c Config) leastWeights() int64 {
	heads := int64(c.Heads) * int64(c.DHead)
	return int64(c.Vocab)*int64(c.DEmb) + int64(c.Layers)*int64(c.DEmb)*max(heads, int64(c.DEmb), int64(c.DMLP))
}

// FitsFile says whether a weights file of so many bytes can hold a model of these sizes, so that one
// is not built for a file that cannot fill it.
func (c Config) FitsFile(bytes int64) bool { return 2*c.leastWeights() <= bytes }

// A preset is a named set of sizes. What stays 0 comes from the task: the vocabulary.
type preset struct {
	name   string
	config Config
	why    string
}

// Presets lists the presets of a model, the smallest first.
func Presets(model string) ([]string, error) {
	a, err := find(model)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(a.presets))
	for i, p := range a.presets {
		names[i] = p.name
	}
	return names, nil
}

// Preset returns the sizes of a preset. A vocabulary of 0 is to be set from the data.
func Preset(model, name string) (Config, error) {
	a, err := find(model)
	if err != nil {
		return Config{}, err
	}
	i := slices.IndexFunc(a.presets, func(p preset) bool { return p.name == name })
	if i < 0 {
		names, _ := Presets(model)
		return Config{}, fmt.Errorf("model %s has no preset %q%s", model, name, nearest.Hint(name, names))
	}
	c := a.presets[i].config
	c.Model = model
	if a.blocks {
		c.Positions, c.MLP = "rotary", "gelu"
	}
	return c, nil
}
