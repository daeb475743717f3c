package huggingface

import (
	"math"
	"reflect"
	"strings"

	"goomtrain/models"
	"goomtrain/params"
)

// configOf returns the config.json of a model that is not a GPT-2.
func configOf(config models.Config, arrays []params.Array) map[string]any {
	common := config.Common()
	out := map[string]any{"vocab_size": common.Vocab}
	name := func(kind, class string) { out["model_type"], out["architectures"] = kind, []any{class} }
	switch c := config.Sizes.(type) {
	case *models.DeltaNet:
		linearAttention(out, c.LinearAttention, arrays)
		out["use_gate"], out["allow_neg_eigval"] = c.OutputGate, c.NegativeEigenvalues
		if config.Model == "gated-delta-net" {
			name("gated_deltanet", "GatedDeltaNetForCausalLM")
			byHead(out, c.LinearAttention)
			break
		}
		name("delta_net", "DeltaNetForCausalLM")
		byWidth(out, c.LinearAttention)
		out["use_beta"], out["use_output_norm"], out["qk_norm"], out["qk_activation"] = true, true, "l2", "silu"
	case *models.DeltaProduct:
		linearAttention(out, c.LinearAttention, arrays)
		name("gated_deltaproduct", "GatedDeltaProductForCausalLM")
		byHead(out, c.LinearAttention)
		out["use_output_gate"], out["allow_neg_eigval"] = c.OutputGate, c.NegativeEigenvalues
		out["use_forget_gate"], out["num_householder"] = c.ForgetGate, c.Householders
	case *models.GLA:
		linearAttention(out, c.LinearAttention, arrays)
		name("gla", "GLAForCausalLM")
		byWidth(out, c.LinearAttention)
		out["use_output_gate"], out["use_gk"], out["use_gv"] = true, true, false
	default:
		name(config.Model, className(config.Model))
		for _, s := range config.Settings()[2:] { // without the names of model and preset
			out[strings.ReplaceAll(s.Name, "-", "_")] = reflect.ValueOf(s.Value).Elem().Interface()
		}
	}
	return out
}

// className is the class of architectures: that of the paper's module, or a name after the model.
func className(model string) string {
	switch model {
	case "goom-rnn":
		return "GenerativeRNN"
	case "log-attention":
		return "GenerativeLanguageModel"
	case "lstm":
		return "LSTM"
	}
	var b strings.Builder
	for _, word := range strings.Split(model, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// linearAttention adds the keys that all models of flash-linear-attention have.
func linearAttention(out map[string]any, c models.LinearAttention, arrays []params.Array) {
	out["hidden_size"], out["num_hidden_layers"], out["num_heads"] = c.DEmb, c.Layers, c.Heads
	out["use_short_conv"], out["conv_size"] = c.ShortConv, 4
	out["hidden_act"], out["norm_eps"], out["tie_word_embeddings"] = "swish", 1e-6, c.TieEmbeddings
	for _, a := range arrays {
		if a.Name == "model.layers.0.mlp.gate_proj.weight" {
			out["intermediate_size"] = a.Shape[0]
		}
	}
}

// values is the dimension of a head's values.
func values(c models.LinearAttention) int {
	if c.DValue == 0 {
		return c.DHead
	}
	return c.DValue
}

// byHead adds the dimension of keys, and that of values as a factor of it.
func byHead(out map[string]any, c models.LinearAttention) {
	out["head_dim"], out["expand_v"] = c.DHead, factor(values(c), c.DHead)
}

// byWidth adds the dimensions of all heads' keys and values as factors of the width.
func byWidth(out map[string]any, c models.LinearAttention) {
	out["expand_k"], out["expand_v"] = factor(c.Heads*c.DHead, c.DEmb), factor(c.Heads*values(c), c.DEmb)
}

// factor returns the number whose product with base, rounded down as in flash-linear-attention, is want.
func factor(want, base int) float64 {
	f := float64(want) / float64(base)
	for int(float64(base)*f) < want {
		f = math.Nextafter(f, math.Inf(1))
	}
	return f
}
