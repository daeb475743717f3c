package layers

import (
	"testing"

	"goomtrain/params"
)

// TestRoles: a table that is looked up or scored is no Matrix, whatever its shape, and what activations are
// multiplied by is one, whatever its name.
func TestRoles(t *testing.T) {
	s := params.NewSet[float32](1)
	NewEmbedding(s, "head", 8, 4)
	NewPositions(s.Sub("position"), 8, 4)
	NewDecayPositions(s.Sub("embed_pos"), 4)
	NewSoftmaxAttention(s.Sub("attention"), 4, 2, 2, true)
	NewLogAttention(s, s.Sub("projection"), 4, 2, 2, 2)
	NewLayerNorm(s.Sub("norm"), 4)
	NewGOOMSSM(s.Sub("ssm"), 4, 8, 2, 2)
	want := map[string]params.Role{
		"head":                   params.Embedding,
		"position.weight":        params.Positions,
		"embed_pos.dense.weight": params.Matrix,
		"embed_pos.dense.bias":   params.Vector,
		"attention.qkv.weight":   params.Matrix,
		"attention.qkv.bias":     params.Vector,
		"projection.weight":      params.Matrix,
		"projection.bias":        params.Vector,
		"norm.weight":            params.Vector,
		"norm.bias":              params.Vector,
		"ssm.init_states":        params.State,
		"ssm.A":                  params.Recurrent,
		"ssm.B":                  params.Matrix,
		"ssm.C":                  params.Matrix,
		"ssm.D":                  params.Matrix,
	}
	for _, p := range s.All() {
		role, ok := want[p.Name]
		if !ok || p.Role != role {
			t.Errorf("%s is %s, want %s", p.Name, p.Role, role)
		}
		delete(want, p.Name)
	}
	for name := range want {
		t.Errorf("there is no %s", name)
	}
}
