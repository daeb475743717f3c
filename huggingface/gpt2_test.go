package huggingface

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/models"
	"goomtrain/params"
)

// tiny is a folder that docs/twin/gpt2.py wrote, with the tokens and logits that it computed in float64.
const tiny = "testdata/gpt2-tiny"

// expected are the tokens and logits of tiny.
func expected(t *testing.T) (tokens []int32, logits []float64) {
	t.Helper()
	file, err := checkpoints.OpenTensors(filepath.Join(tiny, "expected.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, read := range map[string]func(params.Array){
		"tokens": func(a params.Array) {
			for _, v := range a.Data.([]int64) {
				tokens = append(tokens, int32(v))
			}
		},
		"logits": func(a params.Array) { logits = a.Data.([]float64) },
	} {
		a, err := file.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		read(a)
	}
	return tokens, logits
}

// weights reads the tensors of tiny.
func weights(t *testing.T) (arrays []params.Array) {
	t.Helper()
	file, err := checkpoints.OpenTensors(filepath.Join(tiny, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, name := range file.Names() {
		a, err := file.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		arrays = append(arrays, a)
	}
	return arrays
}

// folder copies tiny with other weights, in shards of that size.
func folder(t *testing.T, arrays []params.Array, shard int64) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{configName, tokenizerName} {
		text, err := os.ReadFile(filepath.Join(tiny, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	if err := checkpoints.WriteWeights(dir, arrays, shard); err != nil {
		t.Fatal(err)
	}
	return dir
}

// imported imports a folder and loads the model of the run.
func imported[F params.Float](t *testing.T, dir string, o ImportOptions) *models.Model[F] {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	if _, err := Import(dir, out, o); err != nil {
		t.Fatal(err)
	}
	return load[F](t, out)
}

func load[F params.Float](t *testing.T, path string) *models.Model[F] {
	t.Helper()
	saved, err := models.Find(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Load[F](saved, true)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestLogits: an imported GPT-2 gives the logits of the reference, token by token and in pieces, in both element types.
func TestLogits(t *testing.T) {
	t.Run("float32", func(t *testing.T) { compareLogits[float32](t, "float32", 1e-4) })
	t.Run("float64", func(t *testing.T) { compareLogits[float64](t, "float64", 1e-11) })
}

func compareLogits[F params.Float](t *testing.T, dtype string, tolerance float64) {
	tokens, want := expected(t)
	model := imported[F](t, tiny, ImportOptions{DType: dtype})
	vocab := model.Vocab()
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	if len(want) != len(tokens)*vocab || scale < 1 {
		t.Fatalf("%d logits up to %g for %d tokens of %d", len(want), scale, len(tokens), vocab)
	}
	for _, pieces := range [][]int{ones(len(tokens)), {len(tokens)}, {7, 20, 13}} {
		stream, err := model.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		at, worst := 0, 0.0
		for _, n := range pieces {
			got, err := stream.Append(tokens[at : at+n])
			if err != nil {
				t.Fatal(err)
			}
			at += n
			for i, w := range want[(at-1)*vocab : at*vocab] {
				worst = max(worst, math.Abs(float64(got[i])-w))
			}
		}
		t.Logf("%d pieces: logits up to %.3g differ by at most %.2g", len(pieces), scale, worst)
		if !(worst <= tolerance) {
			t.Errorf("%d pieces: the logits differ by %g", len(pieces), worst)
		}
	}
	// A whole sequence at once: the loss is that of the reference.
	loss := 0.0
	for i, target := range tokens[1:] {
		row, sum := want[i*vocab:(i+1)*vocab], 0.0
		for _, v := range row {
			sum += math.Exp(v - scale)
		}
		loss += math.Log(sum) + scale - row[target]
	}
	stats, err := model.Evaluate(tokens[:len(tokens)-1], tokens[1:], 1, len(tokens)-1)
	if err != nil || !(math.Abs(stats.Loss-loss) <= tolerance*float64(len(tokens))) {
		t.Errorf("loss %v, error %v, want %v", stats.Loss, err, loss)
	}
}

func ones(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// TestVariantsOfFiles: names with a prefix, a head that is the table, no buffers, and shards are the same model.
func TestVariantsOfFiles(t *testing.T) {
	want := imported[float32](t, tiny, ImportOptions{})
	prefixed := weights(t)
	for i := range prefixed {
		prefixed[i].Name = gpt2Prefix + prefixed[i].Name
	}
	table := prefixed[slices.IndexFunc(prefixed, func(a params.Array) bool { return strings.HasSuffix(a.Name, "wte.weight") })]
	table.Name = "lm_head.weight"
	bare := slices.DeleteFunc(weights(t), func(a params.Array) bool { return constant(a.Name) })
	if len(bare) != len(weights(t))-4 {
		t.Fatalf("%d tensors without buffers, of %d", len(bare), len(weights(t)))
	}
	for name, dir := range map[string]string{
		"prefix and head": folder(t, append(prefixed, table), 1<<30),
		"no buffers":      folder(t, bare, 1<<30),
		"shards":          folder(t, weights(t), 20000),
	} {
		t.Run(name, func(t *testing.T) { sameWeights(t, imported[float32](t, dir, ImportOptions{}), want) })
	}
}

// sameWeights compares the parameters of two models by their bits.
func sameWeights[F params.Float](t *testing.T, got, want *models.Model[F]) {
	t.Helper()
	if len(got.Params()) != len(want.Params()) {
		t.Fatalf("%d parameters, want %d", len(got.Params()), len(want.Params()))
	}
	for i, p := range want.Params() {
		q := got.Params()[i]
		if q.Name != p.Name || !slices.Equal(q.Shape, p.Shape) || !slices.Equal(q.Value, p.Value) {
			t.Fatalf("%s %v is not %s %v, or its values differ", q.Name, q.Shape, p.Name, p.Shape)
		}
	}
}

// TestNarrowTypes: weights of 16 bits are widened exactly, in both element types. Weights of 64 bits are not rounded.
func TestNarrowTypes(t *testing.T) {
	// Numbers of 7 bits of fraction and a small exponent are exact in both types.
	exact := weights(t)
	for _, a := range exact {
		for i, v := range a.Data.([]float32) {
			fraction, exponent := math.Frexp(float64(v))
			a.Data.([]float32)[i] = float32(math.Ldexp(math.Round(fraction*128)/128, max(exponent, -5)))
		}
	}
	want := imported[float32](t, folder(t, exact, 1<<30), ImportOptions{})
	for dtype, narrow := range map[checkpoints.DType]func(float32) uint16{
		checkpoints.BF16: func(v float32) uint16 { return uint16(math.Float32bits(v) >> 16) },
		checkpoints.F16: func(v float32) uint16 {
			b := math.Float32bits(v)
			if v == 0 {
				return uint16(b >> 16)
			}
			return uint16(b>>16&0x8000) | uint16(b>>23&0xff-112)<<10 | uint16(b>>13&0x3ff)
		},
	} {
		dir := folder(t, exact, 1<<30)
		path := filepath.Join(dir, "model.safetensors")
		write(t, path, string(narrowed(t, exact, dtype, narrow)))
		sameWeights(t, imported[float32](t, dir, ImportOptions{}), want)
		wide := imported[float64](t, dir, ImportOptions{DType: "float64"})
		for i, p := range wide.Params() {
			for j, v := range p.Value {
				if v != float64(want.Params()[i].Value[j]) {
					t.Fatalf("%s: %s[%d] is %v, want %v", dtype, p.Name, j, v, want.Params()[i].Value[j])
				}
			}
		}
	}
	double := weights(t)
	for i, a := range double {
		values := make([]float64, len(a.Data.([]float32)))
		for j, v := range a.Data.([]float32) {
			values[j] = float64(v) * (1 + 1e-12)
		}
		double[i].Data = values
	}
	dir := folder(t, double, 1<<30)
	if _, err := Import(dir, filepath.Join(t.TempDir(), "x"), ImportOptions{DType: "float32"}); err == nil || !strings.Contains(err.Error(), "give -dtype float64") {
		t.Error(err)
	}
	table := imported[float64](t, dir, ImportOptions{}).Params()[0]
	if at := slices.IndexFunc(double, func(a params.Array) bool { return a.Name == "wte.weight" }); !slices.Equal(table.Value, double[at].Data.([]float64)) {
		t.Error("weights of 64 bits are rounded")
	}
}

// narrowed is a safetensors file of the arrays in a type of 16 bits.
func narrowed(t *testing.T, arrays []params.Array, dtype checkpoints.DType, narrow func(float32) uint16) []byte {
	t.Helper()
	var data []byte
	header := map[string]any{}
	for _, a := range arrays {
		begin := len(data)
		for _, v := range a.Data.([]float32) {
			data = binary.LittleEndian.AppendUint16(data, narrow(v))
		}
		header[a.Name] = map[string]any{"dtype": dtype, "shape": append([]int{}, a.Shape...), "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), data...)
}

// TestRefused: a folder that is no GPT-2 of ours is an error of one line that says what is wrong, and leaves nothing.
func TestRefused(t *testing.T) {
	config := func(old, new string) func(string) {
		return func(dir string) {
			path := filepath.Join(dir, configName)
			text, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(text), old) {
				t.Fatal(old, err)
			}
			write(t, path, strings.Replace(string(text), old, new, 1))
		}
	}
	remove := func(name string) func(string) {
		return func(dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	change := func(f func([]params.Array) []params.Array) func(string) {
		return func(dir string) {
			remove("model.safetensors")(dir)
			if err := checkpoints.WriteWeights(dir, f(weights(t)), 1<<30); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := func(arrays []params.Array, name string) *params.Array {
		return &arrays[slices.IndexFunc(arrays, func(a params.Array) bool { return a.Name == name })]
	}
	for _, c := range []struct {
		want   string
		damage func(dir string)
	}{
		{"config.json: no such file", remove(configName)},
		{"has neither model.safetensors nor an index", remove("model.safetensors")},
		{"save the model with safe_serialization=True", func(dir string) {
			remove("model.safetensors")(dir)
			write(t, filepath.Join(dir, "pytorch_model.bin"), "")
		}},
		{"model.safetensors: 0 bytes are too few", func(dir string) { write(t, filepath.Join(dir, "model.safetensors"), "") }},
		{"has neither tokenizer.json nor vocab.json", remove(tokenizerName)},
		{"config.json: unexpected end of JSON", config("}", "")},
		{"config.json is not a JSON object", func(dir string) { write(t, filepath.Join(dir, configName), "[1]") }},
		{"config.json is not a JSON object", func(dir string) { write(t, filepath.Join(dir, configName), "null") }},
		{"config.json: n_layer is a string", config(`"n_layer": 2`, `"n_layer": "2"`)},
		{"config.json: n_layer is a number 2.5", config(`"n_layer": 2`, `"n_layer": 2.5`)},
		{"config.json: n_layer 1099511627776: must be", config(`"n_layer": 2`, `"n_layer": 1099511627776`)},
		{"config.json: n_layer 0: must be", config(`"n_layer": 2`, `"n_layer": 0`)},
		{"config.json: n_layer is a number 1e400", config(`"n_layer": 2`, `"n_layer": 1e400`)},
		{"config.json: n_embd 1099511627776: must be", config(`"n_embd": 32`, `"n_embd": 1099511627776`)},
		{"config.json: n_positions 1099511627776: must be", config(`"n_positions": 64`, `"n_positions": 1099511627776`)},
		{"config.json: vocab_size -1: must be", config(`"vocab_size": 256`, `"vocab_size": -1`)},
		{"config.json: n_inner -3: must be", config(`"n_embd": 32`, `"n_embd": 32, "n_inner": -3`)},
		{"with these sizes has", config(`"n_layer": 2`, `"n_layer": 4096, "n_inner": 65536`)},
		{"n_embd 32 is not a multiple of n_head 5", config(`"n_head": 4`, `"n_head": 5`)},
		{"n_embd 32 is not a multiple of n_head 0", config(`"n_head": 4`, `"n_head": 0`)},
		{`activation_function "relu"`, config("gelu_new", "relu")},
		{"layer_norm_epsilon 1e-06", config("1e-05", "1e-06")},
		{"scale_attn_weights must be true", config(`"n_head": 4`, `"n_head": 4, "scale_attn_weights": false`)},
		{"scale_attn_by_inverse_layer_idx false", config(`"n_head": 4`, `"n_head": 4, "scale_attn_by_inverse_layer_idx": true`)},
		{"add_cross_attention true", config(`"n_head": 4`, `"n_head": 4, "add_cross_attention": true`)},
		{"tie_word_embeddings false", config(`"n_head": 4`, `"n_head": 4, "tie_word_embeddings": false`)},
		{`model_type "llama": only gpt2 is imported`, config(`"gpt2"`, `"llama"`)},
		{`lacks the tensor "h.2.ln_1.weight"`, config(`"n_layer": 2`, `"n_layer": 3`)},
		{`has the tensor "h.1.attn.c_attn.bias", which`, config(`"n_layer": 2`, `"n_layer": 1`)},
		{`tensor "wpe.weight" has shape [64 32], but the sizes in config.json give [63 32]`, config(`"n_positions": 64`, `"n_positions": 63`)},
		{`tensor "h.0.mlp.c_fc.weight" has shape [32 128], but the sizes in config.json give [32 100]`, config(`"n_embd": 32`, `"n_embd": 32, "n_inner": 100`)},
		{`lacks the tensor "wte.weight"`, change(func(a []params.Array) []params.Array { at(a, "wte.weight").Name = "wte"; return a })},
		{`has the tensor "score.weight"`, change(func(a []params.Array) []params.Array {
			return append(a, params.Array{Name: "score.weight", Shape: []int{1}, Data: []float32{1}})
		})},
		{`has the tensor "more.attn.bias"`, change(func(a []params.Array) []params.Array {
			return append(a, params.Array{Name: "more.attn.bias", Shape: []int{1}, Data: []float32{1}})
		})},
		{`tensor "wpe.weight" is stored as "I32"`, change(func(a []params.Array) []params.Array {
			at(a, "wpe.weight").Data = make([]int32, 64*32)
			return a
		})},
		{`tensor "lm_head.weight" differs from "wte.weight"`, change(func(a []params.Array) []params.Array {
			return append(a, params.Array{Name: "lm_head.weight", Shape: []int{256, 32}, Data: make([]float32, 256*32)})
		})},
		{`element 5 of tensor "h.1.attn.c_proj.weight" is NaN`, change(func(a []params.Array) []params.Array {
			at(a, "h.1.attn.c_proj.weight").Data.([]float32)[5] = float32(math.NaN())
			return a
		})},
		{`element 0 of tensor "ln_f.bias" is -Inf`, change(func(a []params.Array) []params.Array {
			at(a, "ln_f.bias").Data.([]float32)[0] = float32(math.Inf(-1))
			return a
		})},
	} {
		dir, parent := folder(t, weights(t), 1<<30), t.TempDir()
		c.damage(dir)
		_, err := Import(dir, filepath.Join(parent, "run"), ImportOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), dir) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("%s: left %s", c.want, left[0].Name())
		}
	}
}

// TestChoices: a tokenizer with more tokens than the model, a path that is no folder, and an output that exists are
// refused.
func TestChoices(t *testing.T) {
	parent := t.TempDir()
	out := filepath.Join(parent, "run")
	if _, err := Import(tiny, out, ImportOptions{Tokenizer: "gpt2"}); err == nil || !strings.Contains(err.Error(), "has 50257 tokens, but the model only 256") {
		t.Error(err)
	}
	if _, err := Import(filepath.Join(tiny, configName), out, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Error(err)
	}
	if _, err := Import(filepath.Join(parent, "none"), out, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{tiny, filepath.Join(parent, "none")} { // before anything is read
		if _, err := Import(folder, out, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "already exists") {
			t.Error(err)
		}
	}
}

// FuzzConfig: whatever config.json says, the sizes are within the bounds of the model or refused.
func FuzzConfig(f *testing.F) {
	text, err := os.ReadFile(filepath.Join(tiny, configName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"n_layer":1e30,"n_embd":9223372036854775807,"n_head":-1}`))
	f.Add([]byte(`{"n_embd":65536,"n_layer":4096,"n_head":1,"n_inner":65536}`))
	f.Add([]byte(`{"n_inner":null,"vocab_size":null}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		write(t, filepath.Join(dir, configName), string(text))
		config, err := readGPT2(dir)
		if err != nil {
			return
		}
		total := 0.0
		for _, p := range pairs(config.Sizes.(*models.SoftmaxAttention)) {
			n := 1.0
			for _, d := range p.shape() {
				n *= float64(d)
			}
			total += n
		}
		if !(total > 0 && total <= 1<<32) {
			t.Errorf("a model of %g weights: %s", total, fmt.Sprintf("%.200q", text))
		}
	})
}
