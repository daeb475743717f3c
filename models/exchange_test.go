package models

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/internal/golden"
	"goomtrain/layers"
	"goomtrain/params"
)

// moduleState is the state dict of the paper's PyTorch module of goom-rnn (arXiv 2510.03426, GenerativeRNN) with a
// case's weights: the tied table under two names, and two complex constants a layer, here as I64 of the same size.
func moduleState(c golden.Case) (state []params.Array, constants []string) {
	for _, name := range c.Names("inputs") {
		x := c.Input(name)
		a := params.Array{Name: name, Shape: x.Shape, Data: golden.Convert[float32](x)}
		switch name {
		case "tokens", "targets":
		case "head":
			for _, a.Name = range []string{"embed.weight", "head.weight"} {
				state = append(state, a)
			}
		default:
			state = append(state, a)
		}
	}
	n, h := c.Int("n_hid", 0), c.Int("d_hid", 0)
	for i := range c.Int("n_layers", 0) {
		mixer := fmt.Sprintf("res_layers.%d.ssm_over_gooms.", i)
		state = append(state, params.Array{Name: mixer + "log_I", Shape: []int{n, n}, Data: make([]int64, n*n)},
			params.Array{Name: mixer + "lmde.log_0s_atop_I", Shape: []int{h + n, n}, Data: make([]int64, (h+n)*n)})
		constants = append(constants, state[len(state)-2].Name, state[len(state)-1].Name)
	}
	return state, constants
}

// found writes a file of weights and the sizes of a case next to it, and finds the model.
func found(t *testing.T, c golden.Case, arrays []params.Array) Saved {
	t.Helper()
	var file bytes.Buffer
	if err := checkpoints.WriteTensors(&file, arrays, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	sizes := fmt.Sprintf("model = \"goom-rnn\"\nvocab = %d\nd-emb = %d\nlayers = %d\nheads = %d\nd-head = %d\n",
		c.Int("vocab", 0), c.Int("d_emb", 0), c.Int("n_layers", 0), c.Int("n_hid", 0), c.Int("d_hid", 0))
	dir := t.TempDir()
	path := filepath.Join(dir, "theirs.safetensors")
	for name, text := range map[string][]byte{path: bytes.ReplaceAll(file.Bytes(), []byte(`"I64"`), []byte(`"C64"`)), filepath.Join(dir, checkpoints.ConfigFile): []byte(sizes)} {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	saved, err := Find(path)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// without returns the arrays but for those of some names.
func without(arrays []params.Array, names ...string) []params.Array {
	return slices.DeleteFunc(slices.Clone(arrays), func(a params.Array) bool { return slices.Contains(names, a.Name) })
}

// TestPaperModule exchanges weights with the paper's module. What is written has its names and shapes, and lacks
// only the second name of the table and the constants. What it writes is read, with one name of the table or both.
func TestPaperModule(t *testing.T) {
	tried := 0
	for _, c := range golden.Load(t, "goom_rnn") {
		if !c.Has("inputs", "tokens") {
			continue
		}
		tried++
		theirs, constants := moduleState(c)
		ours := params.Weights(fromCase[float32](t, c).Params())
		for _, want := range without(theirs, append(constants, "head.weight")...) {
			at := slices.IndexFunc(ours, func(a params.Array) bool { return a.Name == want.Name })
			if at < 0 || !slices.Equal(ours[at].Shape, want.Shape) || !slices.Equal(ours[at].Data.([]float32), want.Data.([]float32)) {
				t.Fatalf("%s: %s is not written as the module has it", c.Name, want.Name)
			}
			ours = slices.Delete(ours, at, at+1)
		}
		if len(ours) > 0 {
			t.Errorf("%s: %s is written, which the module does not have", c.Name, ours[0].Name)
		}
		old := without(theirs, append(constants, "head.weight")...)
		old[slices.IndexFunc(old, func(a params.Array) bool { return a.Name == "embed.weight" })].Name = "head"
		for name, state := range map[string][]params.Array{
			"whole":            theirs,
			"embed.weight":     without(theirs, "head.weight"),
			"head.weight":      without(theirs, "embed.weight"),
			"no constants":     without(theirs, constants...),
			"earlier versions": old,
		} {
			m, err := Load[float32](found(t, c, state), true)
			if err != nil {
				t.Errorf("%s, %s: %v", c.Name, name, err)
				continue
			}
			shape := c.Input("tokens").Shape
			got := logitsOf(t, m, layers.NewStates(), indices(c.Input("tokens")), shape[0], shape[1], 0, shape[1])
			if e := golden.MaxRelErr(got, c.Tensor("outputs", "logits").Data); !(e <= golden.Tolerance32) {
				t.Errorf("%s, %s: the logits differ by %g", c.Name, name, e)
			}
		}
	}
	if tried == 0 {
		t.Error("no case")
	}
}

// TestPaperModuleRefused: a file that is not of a model with these sizes, or whose tables differ, is an error that
// says so.
func TestPaperModuleRefused(t *testing.T) {
	c := golden.Load(t, "goom_rnn")[0]
	theirs, _ := moduleState(c)
	change := func(name string, f func(*params.Array)) []params.Array {
		out := slices.Clone(theirs)
		f(&out[slices.IndexFunc(out, func(a params.Array) bool { return a.Name == name })])
		return out
	}
	for want, state := range map[string][]params.Array{
		`"embed.weight": the model needs it but the file lacks it (the file has 22 tensors, the model 19; 1 missing, 0 unexpected)`: without(theirs, "embed.weight", "head.weight"),
		`"embed.weight": it differs from tensor "head.weight", but the model has one array for both`: change("head.weight", func(a *params.Array) {
			table := slices.Clone(a.Data.([]float32))
			table[len(table)-1]++
			a.Data = table
		}),
		`"embed.weight": it differs from tensor "head.weight"`: change("head.weight", func(a *params.Array) { a.Shape = []int{a.Shape[1], a.Shape[0]} }),
		`"res_layers.0.ssm_over_gooms.log_J": the file has it`: change("res_layers.0.ssm_over_gooms.log_I", func(a *params.Array) { a.Name = "res_layers.0.ssm_over_gooms.log_J" }),
	} {
		if _, err := Load[float32](found(t, c, state), true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
