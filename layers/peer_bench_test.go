package layers

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/executor"
	"goomtrain/internal/rng"
	"goomtrain/ops"
	"goomtrain/params"
)

// BenchmarkPeer runs a whole GOOMSSM layer, D to 2D, in the configurations that PyTorch runs under the
// same names; forward_backward is with a random upstream gradient, for the input and all parameters.
func BenchmarkPeer(b *testing.B) {
	for _, c := range []struct {
		name                               string
		batch, length, width, hidden, hide int
	}{
		{"b4_t256_e128_n8_d16", 4, 256, 128, 8, 16},
		{"b8_t512_e256_n16_d16", 8, 512, 256, 16, 16},
	} {
		for _, backward := range []bool{false, true} {
			pass := "forward"
			if backward {
				pass = "forward_backward"
			}
			b.Run(fmt.Sprintf("goom_ssm/%s/%s", c.name, pass), func(b *testing.B) {
				set := params.NewSet[float32](1)
				l := NewGOOMSSM(set, c.width, 2*c.width, c.hidden, c.hide)
				g := NewGraph[float32](c.batch, c.length)
				draw := func(name string, width int) *G.Node {
					r, x := rng.New(1, name), make([]float32, c.batch*c.length*width)
					for i := range x {
						x[i] = float32(r.NormFloat64())
					}
					return g.Input(name, x, c.batch, c.length, width)
				}
				u := draw("u", c.width)
				keep := []*G.Node{l.Forward(g, u)}
				if backward {
					wrt := []*G.Node{u}
					for _, p := range set.All() {
						wrt = append(wrt, g.Weight(p))
					}
					grads, err := G.Grad(ops.Dot(keep[0], draw("cotangent", 2*c.width)), wrt...)
					if err != nil {
						b.Fatal(err)
					}
					keep = append(keep, grads...)
				}
				exec, err := executor.New(g.ExprGraph, keep...)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := exec.RunAll(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/op")
			})
		}
	}
}
