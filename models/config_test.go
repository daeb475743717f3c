package models

import (
	"fmt"
	"strings"
	"testing"

	"goomtrain/settings"
)

// TestBadConfigs: a broken rule is named with the setting, the value and its spelling as a flag.
func TestBadConfigs(t *testing.T) {
	for _, c := range []struct{ model, name, value, want string }{
		{"goom-rnn", "model", "goom-rnm", `there is no model "goom-rnm"; did you mean "goom-rnn"?`},
		{"goom-rnn", "vocab", "-1", "-vocab -1: must be 1 to"},
		{"goom-rnn", "d-emb", "-1", "-d-emb -1: must be 1 to 65536"},
		{"goom-rnn", "layers", "1073741824", "-layers 1073741824: must be 1 to 4096"},
		{"goom-rnn", "heads", "-2", "-heads -2: must be 1 to"},
		{"goom-rnn", "d-head", "65537", "-d-head 65537: must be 1 to"},
		{"goom-rnn", "dropout", "1", "-dropout 1: must lie in [0, 1)"},
		{"goom-rnn", "taylor-terms", "3", `there is no setting "taylor-terms"`},
		{"log-attention", "d-value", "-3", "-d-value -3: must be 1 to"},
		{"softmax-attention", "positions", "sinus", `-positions "sinus": must be one of rotary, learned, none`},
		{"softmax-attention", "mlp", "relu", `-mlp "relu": must be one of gelu, swiglu`},
		{"softmax-attention", "d-mlp", "-1", "-d-mlp -1: must be 1 to"},
		{"softmax-attention", "context", "9", `-context 9: only learned positions have a context, but -positions is "rotary"`},
		{"taylor-attention", "taylor-terms", "99", "-taylor-terms 99: must be 1 to"},
		{"taylor-attention", "d-head", "4000", "reduce one of them"},
		{"goom-rnn", "transition", "ful", `-transition "ful": must be one of fixed, full, householder, table; did you mean "full"?`},
		{"goom-rnn", "householders", "3", `-householders 3: only -transition householder has reflections, but it is "fixed"`},
		{"delta-net", "householders", "3", `there is no setting "householders"`},
		{"delta-product", "householders", "65", "-householders 65: must be 1 to 64"},
		{"hybrid", "pattern", "gated-delta,goom-ful", `-pattern "gated-delta,goom-ful": there is no mixer "goom-ful"; did you mean "goom-full"?`},
		{"hybrid", "pattern", "delta,", `-pattern "delta,": there is no mixer ""`},
		{"hybrid", "pattern", "delta,gla,ssd", `has 3 mixers, but -layers is 2`},
		{"hybrid", "pattern", "goom,window,goom", `has 3 mixers, but -layers is 2`},
		{"hybrid", "householders", "2", `-householders 2: no mixer of -pattern "goom,window" has this, only goom-householder, delta-product: leave it out`},
		{"gla", "embedding-std", "-0.1", "-embedding-std -0.1: must be 0.000001 to 1000"},
		{"log-attention", "embedding-std", "1e-7", "-embedding-std 1e-07: must be 0.000001 to 1000 (0: 1/sqrt(d-emb))"},
		{"goom-rnn", "embedding-std", "1001", "-embedding-std 1001: must be"},
		{"lstm", "embedding-std", "0.1", `there is no setting "embedding-std"`},
		{"hybrid", "window", "65537", "-window 65537: must be 1 to 65536"},
		{"hybrid", "taylor-terms", "3", "has this, only taylor: leave it out"},
	} {
		config := smallest(t, c.model)
		err := config.Settings().Set(settings.Pair{Name: c.name, Text: c.value})
		if err == nil {
			_, err = New[float32](config, 1)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s %s: error %v, want %q", c.model, c.name, c.value, err, c.want)
		}
	}
	if _, err := NewConfig("goom-rnn", "huge"); err == nil || !strings.Contains(err.Error(), "nano") {
		t.Errorf("preset huge: error %v", err)
	}
	one, err := NewConfig("hybrid", "nano") // whose only layer has the recurrence of goom,window
	if err != nil {
		t.Fatal(err)
	}
	sizes := one.Sizes.(*Hybrid)
	if sizes.Layers = 1; sizes.Validate() != nil {
		t.Errorf("the default pattern with one layer: %v", sizes.Validate())
	}
	if sizes.Window = 5; sizes.Validate() == nil || !strings.Contains(sizes.Validate().Error(), `-window 5: no mixer of -pattern "goom" has this`) {
		t.Errorf("a window that no layer reads: %v", sizes.Validate())
	}
	if _, err := NewConfig("", "paper-task"); err == nil || err.Error() != `model hybrid has no preset "paper-task", only goom-rnn: give -model goom-rnn` {
		t.Errorf("preset paper-task: error %v", err)
	}
	if _, err := New[float32](Config{Model: "goom-rnn"}, 1); err == nil || !strings.Contains(err.Error(), "NewConfig") {
		t.Errorf("no sizes: error %v", err)
	}
	fresh, err := NewConfig("goom-rnn", "nano")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New[float32](fresh, 1); err == nil || !strings.Contains(err.Error(), "vocabulary") {
		t.Errorf("no vocabulary: error %v", err)
	}
	set(t, fresh, "vocab", "16777216", "layers", "4096", "d-emb", "65536")
	if err := fresh.Validate(); err == nil || !strings.Contains(err.Error(), "weights: must be at most") {
		t.Errorf("too many weights: error %v", err)
	}
	taylor := smallest(t, "hybrid")
	set(t, taylor, "pattern", "taylor", "d-head", "4000")
	if err := taylor.Validate(); err == nil || !strings.Contains(err.Error(), "-d-head 4000 with 4 Taylor terms has more than") {
		t.Errorf("too many features: error %v", err)
	}
}

// TestFit: what is not set follows from the data; what is set and too small is refused.
func TestFit(t *testing.T) {
	c, err := NewConfig("softmax-attention", "nano")
	if err != nil {
		t.Fatal(err)
	}
	set(t, c, "positions", "learned")
	if err := c.Fit(30, 12); err != nil || c.Common().Vocab != 30 || c.Sizes.(*SoftmaxAttention).Context != 12 {
		t.Errorf("%+v, error %v", c.Sizes, err)
	}
	if err := c.Fit(31, 12); err == nil || !strings.Contains(err.Error(), "-vocab 30: the data has 31 tokens") {
		t.Error(err)
	}
	if err := c.Fit(30, 13); err == nil || !strings.Contains(err.Error(), "-context 12: the data has sequences of 13 positions: must be at least that (0: exactly that), or -seq at most 12") {
		t.Error(err)
	}
}

// TestClone: a clone shares nothing with what it was made of, nor with the preset.
func TestClone(t *testing.T) {
	c := smallest(t, "taylor-attention")
	d := c.Clone()
	set(t, d, "layers", "7")
	if got := c.Sizes.(*TaylorAttention).Layers; got != 2 {
		t.Errorf("the original has %d layers", got)
	}
	if fresh, err := NewConfig("taylor-attention", "nano"); err != nil || fresh.Sizes.(*TaylorAttention).Heads != 8 {
		t.Errorf("the preset is %+v, error %v", fresh.Sizes, err)
	}
}

// TestFitsFile: the narrowest weights have 2 bytes each.
func TestFitsFile(t *testing.T) {
	c := smallest(t, "goom-rnn")
	weights := int64(0)
	for _, p := range build[float32](t, c).Params() {
		weights += int64(len(p.Value))
	}
	if !c.FitsFile(2*weights) || c.FitsFile(2*weights-1) {
		t.Errorf("a model of %d weights fits a file of %d bytes: %v, of one less: %v", weights, 2*weights, c.FitsFile(2*weights), c.FitsFile(2*weights-1))
	}
}

// TestRegisterRefuses: an architecture needs presets and both element types.
func TestRegisterRefuses(t *testing.T) {
	for name, a := range map[string]Architecture[LSTM]{
		"no preset":  {Name: "x", Float32: lstm.Float32, Float64: lstm.Float64},
		"no float32": {Name: "x", Presets: lstm.Presets, Float64: lstm.Float64},
		"no float64": {Name: "x", Presets: lstm.Presets, Float32: lstm.Float32},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, `architecture "x" needs a preset and both Float32 and Float64`) {
					t.Errorf("%s: panic %q", name, got)
				}
			}()
			Register(a)
		}()
	}
}
