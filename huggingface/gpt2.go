package huggingface

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"goomtrain/internal/regular"
	"goomtrain/models"
	"goomtrain/settings"
)

// gpt2Config is the part of GPT-2's config.json that determines what the model computes.
type gpt2Config struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	Vocab         int      `json:"vocab_size"`
	Positions     int      `json:"n_positions"`
	Width         int      `json:"n_embd"`
	Layers        int      `json:"n_layer"`
	Heads         int      `json:"n_head"`
	Inner         *int     `json:"n_inner"` // null: 4 n_embd
	Activation    string   `json:"activation_function"`
	Epsilon       float64  `json:"layer_norm_epsilon"`
	EmbedDropout  float64  `json:"embd_pdrop"`
	Dropout       float64  `json:"resid_pdrop"`
	AttnDropout   float64  `json:"attn_pdrop"`
	Scale         bool     `json:"scale_attn_weights"`
	ScaleByLayer  bool     `json:"scale_attn_by_inverse_layer_idx"`
	Cross         bool     `json:"add_cross_attention"`
	Tied          bool     `json:"tie_word_embeddings"`
	Begin         int32    `json:"bos_token_id"`
	End           int32    `json:"eos_token_id"`
	DType         string   `json:"torch_dtype,omitempty"`
}

const (
	configName = "config.json"
	maxConfig  = 1 << 20 // bytes
	gpt2Type   = "gpt2"
)

// newGPT2Config returns the values of what a config.json leaves out.
func newGPT2Config() gpt2Config {
	return gpt2Config{Architectures: []string{"GPT2LMHeadModel"}, ModelType: gpt2Type, Vocab: 50257, Positions: 1024, Width: 768, Layers: 12, Heads: 12,
		Activation: "gelu_new", Epsilon: 1e-5, Scale: true, Tied: true, Begin: 50256, End: 50256}
}

// readConfig reads config.json into v and returns its path.
func readConfig(folder string, v any) (string, error) {
	path := filepath.Join(folder, configName)
	text, err := regular.ReadFile(path, maxConfig)
	if err != nil {
		return path, err
	}
	err = json.Unmarshal(text, v)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "" || err == nil && bytes.TrimSpace(text)[0] != '{':
		return path, fmt.Errorf("%s is not a JSON object", path)
	case errors.As(err, &kind):
		return path, fmt.Errorf("%s: %s is a %s, which is not a value of type %s", path, kind.Field, kind.Value, kind.Type)
	case err != nil:
		return path, fmt.Errorf("%s: %w", path, err)
	}
	return path, nil
}

// modelType reads the type of model from config.json.
func modelType(folder string) (string, error) {
	var c struct {
		ModelType string `json:"model_type"`
	}
	_, err := readConfig(folder, &c)
	return c.ModelType, err
}

// readGPT2 reads the sizes of a GPT-2 from config.json. It allocates nothing of their size.
func readGPT2(folder string) (models.Config, error) {
	c := newGPT2Config()
	path, err := readConfig(folder, &c)
	if err != nil {
		return models.Config{}, err
	}
	config, err := c.model()
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return config, err
}

// tanhGELU are the names of GELU with the hyperbolic tangent.
var tanhGELU = []string{"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}

// model returns the configuration of the softmax-attention that computes the same.
func (c gpt2Config) model() (models.Config, error) {
	config, err := models.NewConfig("softmax-attention", "")
	if err != nil {
		return config, err
	}
	inner := 0
	if c.Inner != nil {
		inner = *c.Inner
	}
	switch {
	case !slices.Contains(tanhGELU, c.Activation):
		return config, fmt.Errorf("activation_function %q: only gelu_new, GELU with the hyperbolic tangent, is known", c.Activation)
	case c.Epsilon != 1e-5:
		return config, fmt.Errorf("layer_norm_epsilon %g: only 1e-05 is known", c.Epsilon)
	case !c.Scale || c.ScaleByLayer:
		return config, errors.New("scale_attn_weights must be true, and scale_attn_by_inverse_layer_idx false: other scales are not known")
	case c.Cross:
		return config, errors.New("add_cross_attention true: a decoder of an encoder is not known")
	case !c.Tied:
		return config, errors.New("tie_word_embeddings false: only a head that is the token table is known")
	case c.Heads < 1 || c.Width%c.Heads != 0:
		return config, fmt.Errorf("n_embd %d is not a multiple of n_head %d", c.Width, c.Heads)
	}
	table := config.Settings()
	for _, size := range []struct {
		key, name string
		value     int
		optional  bool
	}{
		{"n_embd", "d-emb", c.Width, false}, {"n_layer", "layers", c.Layers, false}, {"n_head", "heads", c.Heads, false},
		{"n_embd / n_head", "d-head", c.Width / c.Heads, false}, {"n_positions", "context", c.Positions, false},
		{"vocab_size", "vocab", c.Vocab, false}, {"n_inner", "d-mlp", inner, true},
	} {
		if size.value < 1 && !size.optional {
			return config, fmt.Errorf("%s %d: must be at least 1", size.key, size.value)
		}
		if err := table.Set(settings.Pair{Name: size.name, Text: fmt.Sprint(size.value)}); err != nil {
			return config, err
		}
		s, _ := table.Find(size.name)
		s.Name = size.key
		if err := s.Validate(); err != nil {
			return config, errors.New(strings.TrimPrefix(err.Error(), "-"))
		}
	}
	sizes := config.Sizes.(*models.SoftmaxAttention)
	sizes.Positions, sizes.MLP = "learned", "gelu"
	return config, config.Validate()
}

// gpt2Of returns the config.json of a softmax-attention, and false if it is not a GPT-2.
func gpt2Of(config models.Config) (gpt2Config, bool) {
	sizes, ok := config.Sizes.(*models.SoftmaxAttention)
	if !ok {
		return gpt2Config{}, false
	}
	c := newGPT2Config()
	c.Vocab, c.Positions, c.Width, c.Layers, c.Heads = sizes.Vocab, sizes.Context, sizes.DEmb, sizes.Layers, sizes.Heads
	c.EmbedDropout, c.Dropout = sizes.Dropout, sizes.Dropout
	if sizes.DMLP != 0 {
		c.Inner = &sizes.DMLP
	}
	// It is one if the sizes that an import gives are the same: no option is left that config.json does not tell.
	back, err := c.model()
	if err != nil {
		return gpt2Config{}, false
	}
	back.Common().Dropout = sizes.Dropout // an import leaves it to the run that continues
	return c, reflect.DeepEqual(back.Sizes, config.Sizes)
}
