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
	NewDecayPositions(s.Sub("embed_pos"), 4, 1)
	NewSoftmaxAttention(s.Sub("attention"), 4, 2, 2, true)
	NewLogAttention(s, s.Sub("projection"), 4, 2, 2, 2)
	NewLayerNorm(s.Sub("norm"), 4)
	NewGOOMSSM(s.Sub("ssm"), 4, 8, 2, 2)
	NewGOOMFull(s.Sub("full"), 4, 8, 2, 1, 2)
	NewGOOMTable(s.Sub("table"), 6, 4, 8, 2, 1, 2)
	NewDeltaNet(s.Sub("delta"), DeltaNetSizes{In: 4, KeyHeads: 1, ValueHeads: 1, DKey: 2, DValue: 2, Householders: 1, ShortConv: true, ForgetGate: true})
	NewS4D(s.Sub("s4d"), 4, 2, "lin")
	NewVectorRouting(s.Sub("routing"), VectorRoutingOptions{In: 3, Out: 2, DIn: 4, DOut: 5, Iterations: 2})
	NewVectorRouting(s.Sub("any"), VectorRoutingOptions{In: -1, Out: 2, DIn: 4, DOut: 5, Iterations: 2})
	NewMatrixRouting(s.Sub("matrices"), MatrixRoutingOptions{In: 3, Out: 2, Cov: 4, DIn: 4, DOut: 4, Iterations: 3})
	NewDefinableVectorRouting(s.Sub("defined"), VectorRoutingOptions{In: 3, Out: 2, Iterations: 2}, VectorRoutingFunctions[float32]{
		A: NewLinear(s.Sub("defined.A"), 4, 1, false).Forward, F: NewLearnedVotes(s.Sub("defined.F"), 3, 2, 5).Forward, G: NewLinear(s.Sub("defined.G"), 5, 4, false).Forward})
	want := map[string]params.Role{
		"head":                        params.Embedding,
		"position.weight":             params.Positions,
		"embed_pos.dense.weight":      params.Matrix,
		"embed_pos.dense.bias":        params.Vector,
		"attention.qkv.weight":        params.Matrix,
		"attention.qkv.bias":          params.Vector,
		"projection.weight":           params.Matrix,
		"projection.bias":             params.Vector,
		"norm.weight":                 params.Vector,
		"norm.bias":                   params.Vector,
		"ssm.init_states":             params.State,
		"ssm.A":                       params.Recurrent,
		"ssm.B":                       params.Matrix,
		"ssm.C":                       params.Matrix,
		"ssm.D":                       params.Matrix,
		"full.init_states":            params.Vector,
		"full.A":                      params.Matrix,
		"full.B":                      params.Matrix,
		"full.C":                      params.Matrix,
		"full.D":                      params.Matrix,
		"table.init_states":           params.Vector,
		"table.A":                     params.Embedding,
		"table.B":                     params.Matrix,
		"table.C":                     params.Matrix,
		"table.D":                     params.Matrix,
		"delta.q_proj.weight":         params.Matrix,
		"delta.k_proj.weight":         params.Matrix,
		"delta.v_proj.weight":         params.Matrix,
		"delta.b_proj.weight":         params.Matrix,
		"delta.a_proj.weight":         params.Matrix,
		"delta.q_conv1d.weight":       params.Vector,
		"delta.k_conv1d.weight":       params.Vector,
		"delta.v_conv1d.weight":       params.Vector,
		"delta.A_log":                 params.Vector,
		"delta.dt_bias":               params.Vector,
		"delta.o_norm.weight":         params.Vector,
		"s4d.kernel.log_dt":           params.Vector,
		"s4d.kernel.log_A_real":       params.Vector,
		"s4d.kernel.A_imag":           params.Vector,
		"s4d.kernel.C":                params.Vector,
		"s4d.D":                       params.Vector,
		"s4d.output_linear.0.weight":  params.Matrix,
		"s4d.output_linear.0.bias":    params.Vector,
		"matrices.W":                  params.Matrix,
		"matrices.B":                  params.Vector,
		"matrices.beta_use":           params.Vector,
		"matrices.beta_ign":           params.Vector,
		"defined.A.weight":            params.Matrix,
		"defined.G.weight":            params.Matrix,
		"defined.F.w":                 params.Vector,
		"defined.beta_use":            params.Vector,
		"defined.beta_ign":            params.Vector,
		"routing.W_A":                 params.Vector,
		"routing.B_A":                 params.Vector,
		"routing.W_F1":                params.Vector,
		"routing.W_F2":                params.Matrix,
		"routing.B_F2":                params.Vector,
		"routing.W_G1":                params.Matrix,
		"routing.W_G2":                params.Vector,
		"routing.B_G2":                params.Vector,
		"routing.W_S":                 params.Vector,
		"routing.B_S":                 params.Vector,
		"any.W_A":                     params.Vector,
		"any.B_A":                     params.Vector,
		"any.W_F1":                    params.Vector,
		"any.W_F2":                    params.Matrix,
		"any.B_F2":                    params.Vector,
		"any.W_G1":                    params.Matrix,
		"any.W_G2":                    params.Vector,
		"any.B_G2":                    params.Vector,
		"any.W_S":                     params.Vector,
		"any.B_S":                     params.Vector,
		"routing.beta_use":            params.Vector,
		"any.compute_beta_use.weight": params.Matrix,
		"any.compute_beta_use.bias":   params.Vector,
		"routing.beta_ign":            params.Vector,
		"any.compute_beta_ign.weight": params.Matrix,
		"any.compute_beta_ign.bias":   params.Vector,
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
