package params

import "testing"

func TestLayer(t *testing.T) {
	for name, want := range map[string]string{
		"blocks.3.mlp.0.weight": "blocks.3", "model.layers.12.attn.q_proj.weight": "model.layers.12", "h.7": "h.7", "model.norm.weight": "model.norm",
		"head": "head", "rnn.weight_ih_l0": "rnn", ".x": ".x", "": "", "conv1.2d.w": "conv1.2d",
	} {
		if got := Layer(name); got != want {
			t.Errorf("the layer of %q is %q, want %q", name, got, want)
		}
	}
}
