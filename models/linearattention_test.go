package models

import (
	"slices"
	"testing"

	"goomtrain/params"
)

// TestFLAModelNames: the parameters of gated-delta-product, the model with the most of them, have the names and shapes of
// flash-linear-attention's GatedDeltaProductForCausalLM.
func TestFLAModelNames(t *testing.T) {
	c, err := NewConfig("delta-product", "nano")
	if err != nil {
		t.Fatal(err)
	}
	set(t, c, "vocab", "17", "layers", "1", "d-emb", "64", "heads", "4", "d-head", "16", "d-value", "32", "householders", "3")
	want := map[string][]int{
		"model.embeddings.weight":             {17, 64},
		"model.layers.0.attn_norm.weight":     {64},
		"model.layers.0.attn.q_proj.weight":   {64, 64},
		"model.layers.0.attn.k_proj.weight":   {192, 64},
		"model.layers.0.attn.v_proj.weight":   {384, 64},
		"model.layers.0.attn.q_conv1d.weight": {64, 1, 4},
		"model.layers.0.attn.k_conv1d.weight": {192, 1, 4},
		"model.layers.0.attn.v_conv1d.weight": {384, 1, 4},
		"model.layers.0.attn.b_proj.weight":   {12, 64},
		"model.layers.0.attn.a_proj.weight":   {4, 64},
		"model.layers.0.attn.A_log":           {4},
		"model.layers.0.attn.dt_bias":         {4},
		"model.layers.0.attn.g_proj.weight":   {128, 64},
		"model.layers.0.attn.o_norm.weight":   {32},
		"model.layers.0.attn.o_proj.weight":   {64, 128},
		"model.layers.0.mlp_norm.weight":      {64},
		"model.layers.0.mlp.gate_proj.weight": {256, 64},
		"model.layers.0.mlp.up_proj.weight":   {256, 64},
		"model.layers.0.mlp.down_proj.weight": {64, 256},
		"model.norm.weight":                   {64},
		"lm_head.weight":                      {17, 64},
	}
	for _, p := range build[float32](t, c).Params() {
		if !slices.Equal(p.Shape, want[p.Name]) {
			t.Errorf("%s is %v, want %v", p.Name, p.Shape, want[p.Name])
		}
		delete(want, p.Name)
	}
	for name := range want {
		t.Errorf("there is no %s", name)
	}
}

// TestTiedEmbeddings: with -tie-embeddings the head is the table of token vectors.
func TestTiedEmbeddings(t *testing.T) {
	c := smallest(t, "delta-net")
	set(t, c, "tie-embeddings", "true")
	m := build[float32](t, c)
	if m.head.Table.Name != "model.embeddings.weight" || slices.ContainsFunc(m.Params(), func(p *params.Param[float32]) bool { return p.Name == "lm_head.weight" }) {
		t.Errorf("the head is %s", m.head.Table.Name)
	}
}

// TestHybridPattern: mixers follow the pattern, which is repeated over the layers.
func TestHybridPattern(t *testing.T) {
	c := smallest(t, "hybrid")
	set(t, c, "layers", "5", "pattern", "delta, goom-householder", "householders", "3")
	names := map[string]bool{}
	for _, p := range build[float32](t, c).Params() {
		names[p.Name] = true
	}
	for _, name := range []string{"model.layers.0.attn.b_proj.weight", "model.layers.1.attn.beta.weight", "model.layers.2.attn.b_proj.weight",
		"model.layers.3.attn.beta.weight", "model.layers.4.attn.b_proj.weight"} {
		if !names[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
