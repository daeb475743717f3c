package huggingface

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data/tokenizer"
	"goomtrain/internal/regular"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train"
)

// saved makes a run of a model with its initial weights; options are names and values of settings.
func saved(t *testing.T, model string, options ...string) (run string) {
	t.Helper()
	cfg, err := train.New(train.Selection{Model: model, Preset: "nano"})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(options); i += 2 {
		if err := cfg.Set(options[i], options[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := cfg.Model.Fit(256, 64); err != nil {
		t.Fatal(err)
	}
	if cfg.Model.Classifies() {
		if err := cfg.Model.FitClasses(3, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	run = filepath.Join(t.TempDir(), "run")
	if cfg.DType == "float64" {
		err = saveInitial[float64](run, cfg)
	} else {
		err = saveInitial[float32](run, cfg)
	}
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func saveInitial[F params.Float](run string, cfg train.Config) error {
	m, err := models.New[F](cfg.Model, 5)
	if err != nil {
		return err
	}
	var tok *tokenizer.File
	if setting, _ := cfg.Settings().Find("tokenizer"); tokenizer.IsPath(setting.Text()) {
		t, err := tokenizer.Open(setting.Text(), "")
		if err != nil {
			return err
		}
		tok = t.(*tokenizer.File)
	}
	_, err = save(run, run, cfg, params.Weights(m.Params()), tok)
	return err
}

// exported exports a run.
func exported(t *testing.T, run string, shard int64) (folder string, done Exported) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "folder")
	done, err := Export(run, folder, shard)
	if err != nil {
		t.Fatal(err)
	}
	return folder, done
}

// config reads config.json.
func config(t *testing.T, folder string) (out map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, configName))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRoundTrip: every model that is exported, in one file or in shards, and imported again has the same bits and the
// same sizes.
func TestRoundTrip(t *testing.T) {
	runs := map[string][]string{"softmax-attention": {"positions", "learned", "d-mlp", "100", "dropout", "0.1"}}
	for _, name := range models.Names() {
		if _, ok := runs[name]; !ok {
			runs[name] = nil
		}
	}
	runs["delta-net"] = []string{"dtype", "float64", "tie-embeddings", "true"}
	runs["softmax-attention whose documents are independent"] = []string{"positions", "learned", "reset-documents", "true", "document-start", "0"}
	for name, options := range runs {
		t.Run(name, func(t *testing.T) {
			name, _, _ := strings.Cut(name, " ")
			if slices.Contains(options, "float64") {
				roundTrip[float64](t, saved(t, name, options...))
			} else {
				roundTrip[float32](t, saved(t, name, options...))
			}
		})
	}
}

func roundTrip[F params.Float](t *testing.T, run string) {
	want := load[F](t, run)
	for _, shard := range []int64{1 << 30, 50000} {
		folder, done := exported(t, run, shard)
		if one := regular.Exists(filepath.Join(folder, "model.safetensors")); one != (shard == 1<<30) {
			t.Errorf("shards of %d bytes: one file: %t", shard, one)
		}
		if done.Weights != params.Count(want.Params()) || !done.Tokenizer {
			t.Errorf("exported %+v", done)
		}
		if done.Type != gpt2Type { // the folder is read as it is
			sameWeights(t, load[F](t, folder), want)
		}
		back := filepath.Join(t.TempDir(), "back")
		was, err := Import(folder, back, ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sameWeights(t, load[F](t, back), want)
		sizes, wantSizes := was.Config.Sizes, want.Config().Sizes
		if done.Type == gpt2Type { // a run that continues chooses its own dropout
			wantSizes.(*models.SoftmaxAttention).Dropout = 0
		}
		if !reflect.DeepEqual(sizes, wantSizes) || was.Tokenizer != "byte" {
			t.Errorf("imported %+v with tokenizer %q, want %+v", sizes, was.Tokenizer, wantSizes)
		}
	}
}

// TestGPT2Names: an imported GPT-2 is exported with the tensors of GPT2LMHeadModel, bit for bit, and no others.
func TestGPT2Names(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	if _, err := Import(tiny, run, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	folder, done := exported(t, run, 1<<30)
	file, err := checkpoints.OpenTensors(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	left := file.Names()
	for _, want := range weights(t) {
		if constant(want.Name) {
			continue
		}
		got, err := file.Read("transformer." + want.Name)
		if err != nil || !slices.Equal(got.Shape, want.Shape) || !reflect.DeepEqual(got.Data, want.Data) {
			t.Errorf("%s: shape %v, error %v, or its values differ", want.Name, got.Shape, err)
		}
		left = slices.DeleteFunc(left, func(name string) bool { return name == "transformer."+want.Name })
	}
	if len(left) > 0 || file.Metadata()["format"] != "pt" {
		t.Errorf("tensors left over: %v, metadata %v", left, file.Metadata())
	}
	if done.Class != "GPT2LMHeadModel" || regular.Exists(filepath.Join(folder, checkpoints.ConfigFile)) {
		t.Errorf("exported as %s, or with %s", done.Class, checkpoints.ConfigFile)
	}
	original, got := config(t, tiny), config(t, folder)
	for _, key := range []string{"model_type", "architectures", "activation_function", "layer_norm_epsilon", "vocab_size", "n_positions", "n_embd", "n_head", "n_layer", "bos_token_id", "eos_token_id"} {
		if !reflect.DeepEqual(original[key], got[key]) {
			t.Errorf("config.json: %s is %v, want %v", key, got[key], original[key])
		}
	}
}

// TestNotGPT2: a softmax-attention that config.json of GPT-2 cannot describe is exported under its own name.
func TestNotGPT2(t *testing.T) {
	for want, runs := range map[string][][]string{
		gpt2Type: {{}, {"d-mlp", "100"}, {"dropout", "0.1"}},
		"softmax-attention": {{"positions", "none"}, {"positions", "rotary"}, {"mlp", "swiglu"}, {"d-head", "8"}, {"heads", "3"},
			{"reset-documents", "true", "document-start", "0"}},
	} {
		for _, options := range runs {
			if _, done := exported(t, saved(t, "softmax-attention", append([]string{"positions", "learned"}, options...)...), 1<<30); done.Type != want {
				t.Errorf("%v: exported as %s, want %s", options, done.Type, want)
			}
		}
	}
}

// TestConfigs: config.json of each model has the keys of the program that it is for.
func TestConfigs(t *testing.T) {
	for _, c := range []struct {
		model   string
		options []string
		want    string // some keys, sorted
	}{
		{"delta-net", []string{"d-value", "20"}, `{"architectures":["DeltaNetForCausalLM"],"expand_k":1,"expand_v":1.25,"hidden_size":64,"intermediate_size":256,"model_type":"delta_net","num_heads":4,"num_hidden_layers":2,"tie_word_embeddings":false,"torch_dtype":"float32","use_gate":false,"use_short_conv":true,"vocab_size":256}`},
		{"delta-net", []string{"negative-eigenvalues", "false"}, `{"allow_neg_eigval":false,"qk_activation":"silu"}`},
		{"gated-delta-net", []string{"d-head", "24", "d-value", "36", "d-mlp", "40"}, `{"allow_neg_eigval":true,"architectures":["GatedDeltaNetForCausalLM"],"expand_v":1.5,"head_dim":24,"intermediate_size":40,"model_type":"gated_deltanet","use_gate":true}`},
		{"delta-product", []string{"householders", "3"}, `{"architectures":["GatedDeltaProductForCausalLM"],"expand_v":1,"head_dim":16,"model_type":"gated_deltaproduct","num_householder":3,"use_forget_gate":true,"use_output_gate":true}`},
		{"gla", []string{"dtype", "float64"}, `{"architectures":["GLAForCausalLM"],"expand_k":0.5,"expand_v":1,"model_type":"gla","torch_dtype":"float64","use_short_conv":false}`},
		{"goom-rnn", nil, `{"architectures":["GenerativeRNN"],"d_emb":64,"model_type":"goom-rnn","transition":"fixed","vocab_size":256}`},
		{"lstm", nil, `{"architectures":["LSTM"],"d_emb":64,"model_type":"lstm"}`},
		{"softmax-attention", []string{"positions", "learned", "dropout", "0.25", "d-mlp", "100"}, `{"attn_pdrop":0,"embd_pdrop":0.25,"n_inner":100,"resid_pdrop":0.25}`},
		{"log-attention", nil, `{"architectures":["GenerativeLanguageModel"],"model_type":"log-attention"}`},
		{"taylor-attention", nil, `{"architectures":["TaylorAttention"],"bos_token_id":0,"eos_token_id":0,"model_type":"taylor-attention","positions":"rotary","taylor_terms":3}`},
	} {
		folder, _ := exported(t, saved(t, c.model, c.options...), 1<<30)
		got, picked := config(t, folder), map[string]any{}
		var want map[string]any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		for key := range want {
			picked[key] = got[key]
		}
		if text, _ := json.Marshal(picked); string(text) != c.want {
			t.Errorf("%s: %s, want %s", c.model, text, c.want)
		}
	}
}

// TestFactor: the product with the base, rounded down, is the number.
func TestFactor(t *testing.T) {
	for base := 1; base < 300; base++ {
		for want := 1; want < 300; want++ {
			if f := factor(want, base); int(float64(base)*f) != want {
				t.Fatalf("%d * %v is not %d", base, f, want)
			}
		}
	}
}

// TestAverages: the averages of the weights are exported, and the folder does not ask for more of them.
func TestAverages(t *testing.T) {
	run := saved(t, "gla", "ema", "0.9")
	last := load32(t, run)
	averages := make([]params.Array, len(last.Params()))
	for i, p := range last.Params() {
		values := slices.Clone(p.Value)
		for j := range values {
			values[j] /= 2
		}
		averages[i] = params.Array{Name: params.AveragePrefix + p.Name, Shape: p.Shape, Data: values}
	}
	text, err := os.ReadFile(filepath.Join(run, checkpoints.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoints.Save(run, checkpoints.State{DType: "float32", Config: string(text)}, params.Weights(last.Params()), averages, checkpoints.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	folder, _ := exported(t, run, 1<<30)
	sameWeights(t, load[float32](t, folder), load[float32](t, run))
	if got := load[float32](t, folder).Params()[0].Value[0]; got != last.Params()[0].Value[0]/2 {
		t.Errorf("a weight is %v, of which the last value is %v", got, last.Params()[0].Value[0])
	}
	// Also if somebody has put config.toml of the run there.
	write(t, filepath.Join(folder, checkpoints.ConfigFile), string(text))
	sameWeights(t, imported[float32](t, folder, ImportOptions{}), load[float32](t, run))
}

// load32 reads the last weights, not their averages.
func load32(t *testing.T, path string) *models.Model[float32] {
	t.Helper()
	found, err := models.Find(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Load[float32](found, false)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOwnChoices: an exported folder is imported in the element type that is asked for. Where the weights of its run began
// is forgotten.
func TestOwnChoices(t *testing.T) {
	folder, _ := exported(t, saved(t, "gla", "init", "/elsewhere", "freeze", "lm_head.*"), 1<<30)
	out := filepath.Join(t.TempDir(), "run")
	done, err := Import(folder, out, ImportOptions{DType: "float64"})
	if err != nil || done.DType != "float64" {
		t.Fatalf("%+v, error %v", done, err)
	}
	for path, want := range map[string]map[string]string{folder: {"dtype": "float32"}, out: {"dtype": "float64"}} {
		found, err := models.Find(path)
		if err != nil {
			t.Fatal(err)
		}
		want["init"], want["freeze"] = "", ""
		for name, text := range want {
			if got := found.Setting(name); got != text {
				t.Errorf("%s: -%s is %q, want %q", path, name, got, text)
			}
		}
	}
}

// TestIncompleteFolder: a folder that cannot be written whole is not there.
func TestIncompleteFolder(t *testing.T) {
	parent, failure := t.TempDir(), errors.New("full")
	err := writeFolder(filepath.Join(parent, "out"), func(dir string) error {
		write(t, filepath.Join(dir, "half"), "x")
		return failure
	})
	if left, _ := os.ReadDir(parent); err != failure || len(left) > 0 {
		t.Errorf("error %v, left %v", err, left)
	}
}

// TestOwnNotFinite: weights of an exported folder are checked as those of GPT-2 are.
func TestOwnNotFinite(t *testing.T) {
	folder, _ := exported(t, saved(t, "gla"), 1<<30)
	path := filepath.Join(folder, "model.safetensors")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[len(b)-4:], []byte{0, 0, 0xc0, 0x7f}) // NaN
	write(t, path, string(b))
	if _, err := Import(folder, filepath.Join(t.TempDir(), "x"), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "is NaN: the weights are damaged") {
		t.Error(err)
	}
}

// TestTokenizerFile: the tokenizer.json of a run travels with its model in both directions, in the layout of GPT-2 and in
// others, and the import goes on when the exported folder is gone.
func TestTokenizerFile(t *testing.T) {
	const path = "../data/tokenizer/bpe/testdata/tokenizer.json"
	tok, err := tokenizer.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	file := tok.(*tokenizer.File)
	for model, options := range map[string][]string{"gla": nil, "softmax-attention": {"positions", "learned"}} {
		t.Run(model, func(t *testing.T) {
			run := saved(t, model, append(options, "vocab", "1000", "tokenizer", path, "tokenizer-sha256", file.SHA256)...)
			folder, done := exported(t, run, 1<<30)
			if text, err := os.ReadFile(filepath.Join(folder, tokenizerName)); err != nil || string(text) != string(file.Content) || !done.Tokenizer {
				t.Errorf("tokenizer.json has %d bytes, error %v", len(text), err)
			}
			var config struct {
				Begin int `json:"bos_token_id"`
				End   int `json:"eos_token_id"`
			}
			if text, err := os.ReadFile(filepath.Join(folder, configName)); err != nil || json.Unmarshal(text, &config) != nil || config.Begin != 999 || config.End != 999 {
				t.Errorf("separators %+v, error %v", config, err)
			}
			back := filepath.Join(t.TempDir(), "back")
			if _, err := Import(folder, back, ImportOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(folder); err != nil {
				t.Fatal(err)
			}
			for _, at := range []string{back, checkpoints.StepDir(back, 0)} {
				found, err := models.Find(at)
				if err != nil {
					t.Fatal(err)
				}
				if kept, err := tokenizerFile(found); err != nil || kept.SHA256 != file.SHA256 || !strings.HasPrefix(found.Setting("tokenizer"), back) {
					t.Errorf("tokenizer %s, error %v", found.Setting("tokenizer"), err)
				}
			}
		})
	}
	folder, _ := exported(t, saved(t, "softmax-attention", "positions", "learned"), 1<<30)
	write(t, filepath.Join(folder, tokenizerName), string(file.Content))
	if _, err := Import(folder, filepath.Join(t.TempDir(), "x"), ImportOptions{}); err == nil || !strings.Contains(err.Error(), "has 1000 tokens, but the model only 256") {
		t.Errorf("a tokenizer of another model: %v", err)
	}
}

// TestExportRefused: what cannot be exported, or written, is an error of one line, and leaves nothing.
func TestExportRefused(t *testing.T) {
	run, parent := saved(t, "gla"), t.TempDir()
	out := filepath.Join(parent, "folder")
	for want, err := range map[string]error{
		"does not exist":          second(Export(filepath.Join(parent, "none"), out, 1)),
		"already exists":          second(Export(filepath.Join(parent, "none"), run, 1<<30)),
		"/gpt2-tiny -out RUN":     second(Export(tiny, out, 1<<30)),
		"contradicts config.toml": second(Import(first(exported(t, run, 1<<30)), out, ImportOptions{Tokenizer: "gpt2"})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if left, _ := os.ReadDir(parent); len(left) > 0 {
		t.Errorf("left %s", left[0].Name())
	}
}

func second[T any](_ T, err error) error { return err }

func first[T, U any](v T, _ U) T { return v }

// TestGPT2Preset: the preset gpt2 has the sizes that an empty config.json of GPT-2 stands for.
func TestGPT2Preset(t *testing.T) {
	preset, err := models.NewConfig("softmax-attention", "gpt2")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, configName), `{"model_type":"gpt2"}`)
	want, err := readGPT2(dir)
	if err != nil {
		t.Fatal(err)
	}
	preset.Common().Vocab = 50257
	if !reflect.DeepEqual(preset.Sizes, want.Sizes) {
		t.Errorf("%+v, want %+v", preset.Sizes, want.Sizes)
	}
	total := 0
	for _, p := range pairs(want.Sizes.(*models.SoftmaxAttention)) {
		total += params.Size(p.shape())
	}
	if total != 124439808 { // as published for GPT-2
		t.Errorf("%d weights", total)
	}
}
