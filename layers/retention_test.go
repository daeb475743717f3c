package layers

import (
	"math"
	"testing"

	"goomtrain/internal/kernels/dense"
	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
)

// TestRetention: the formula in full, for queries and keys that are rotated and decays of retention, and for SiLU and the
// decays of Lightning Attention.
func TestRetention(t *testing.T) {
	const batch, length, width, heads, key, value, epsilon = 2, 7, 5, 3, 4, 2, 1e-5
	silu := func(x float64) float64 { return x / (1 + math.Exp(-x)) }
	for name, rotary := range map[string]bool{"retention": true, "lightning": false} {
		s := params.NewSet[float64](1)
		var l *Retention[float64]
		if rotary {
			l = NewRetention(s, width, heads, key, value, epsilon)
		} else {
			l = NewLightning(s, width, heads, key, value, 1, 4, epsilon)
		}
		r := rng.New(1, name)
		draw := func(x []float64) {
			for i := range x {
				x[i] = r.NormFloat64()
			}
		}
		draw(l.Norm.Weight.Value)
		x := make([]float64, batch*length*width)
		draw(x)
		g := NewGraph[float64](batch, length)
		got := valuesOf[float64](t, g, l.Forward(g, g.Input("x", x, batch, length, width)))[0]

		project := func(name string, outputs int) []float64 { // [B, T, outputs]
			w := named(t, s, name).Value
			out := make([]float64, batch*length*outputs)
			for row := range batch * length {
				for o := range outputs {
					for i := range width {
						out[row*outputs+o] += w[o*width+i] * x[row*width+i]
					}
				}
			}
			return out
		}
		q, k, v, gate := project("q_proj.weight", heads*key), project("k_proj.weight", heads*key), project("v_proj.weight", heads*value), project("g_proj.weight", heads*value)
		if rotary {
			turn := func(x []float64) []float64 {
				return dense.NaiveRotary{Batch: batch, Time: length, Turned: heads, Width: key, Stride: heads * key, X: x}.Forward()
			}
			q, k = turn(q), turn(k)
		} else {
			for _, x := range [][]float64{q, k, v} {
				for i := range x {
					x[i] = silu(x[i])
				}
			}
		}
		for b := range batch {
			for h := range heads {
				gamma := 1 - math.Pow(2, -5-float64(h))
				if !rotary {
					gamma = math.Exp(ops.LightningDecays(heads, 1, 4)[h])
				}
				for to := range length {
					o, square := make([]float64, value), 0.0
					for from := range to + 1 {
						dot := 0.0
						for i := range key {
							dot += q[((b*length+to)*heads+h)*key+i] * k[((b*length+from)*heads+h)*key+i]
						}
						for i := range value {
							o[i] += math.Pow(gamma, float64(to-from)) * dot * v[((b*length+from)*heads+h)*value+i] / math.Sqrt(key)
						}
					}
					for _, x := range o {
						square += x * x / value
					}
					for i := range value {
						at := ((b*length+to)*heads+h)*value + i
						if want := o[i] / math.Sqrt(square+epsilon) * l.Norm.Weight.Value[i] * silu(gate[at]); math.Abs(got[at]-want) > 1e-12 {
							t.Fatalf("%s: sequence %d, position %d, head %d, number %d: %v, want %v", name, b, to, h, i, got[at], want)
						}
					}
				}
			}
		}
	}
}

// named returns the parameter of a name.
func named(t *testing.T, s params.Set[float64], name string) *params.Param[float64] {
	t.Helper()
	for _, p := range s.All() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no parameter %s", name)
	return nil
}
