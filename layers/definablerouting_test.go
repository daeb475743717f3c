package layers

import (
	"fmt"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/golden"
	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
	"goomtrain/ops"
	"goomtrain/params"
)

// TestGoldenDefinableVectorRouting holds the layer to the reference's module, with linear functions and with learned votes.
func TestGoldenDefinableVectorRouting(t *testing.T) {
	t.Run("float64", func(t *testing.T) {
		testGoldenDefinableVectorRouting[float64](t, golden.Tolerance, golden.GradTolerance)
	})
	t.Run("float32", func(t *testing.T) {
		testGoldenDefinableVectorRouting[float32](t, golden.Tolerance32, golden.GradTolerance32)
	})
}

func testGoldenDefinableVectorRouting[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "definable_vector_routing")
	for _, c := range golden.Load(t, "definable_vector_routing") {
		s := params.NewSet[F](1)
		o := VectorRoutingOptions{In: c.Int("n_inp", 0), Out: c.Int("n_out", 0), DIn: c.Int("d_inp", 0), DOut: c.Int("d_out", 0), Iterations: c.Int("n_iters", 0)}
		f := VectorRoutingFunctions[F]{A: NewLinear(s.Sub("A"), o.DIn, 1, true).Forward, G: NewLinear(s.Sub("G"), o.DOut, o.DIn, true).Forward}
		if c.String("F", "") == "memory" {
			f.F = NewLearnedVotes(s.Sub("F"), o.In, o.Out, o.DOut).Forward
		} else {
			f.F = NewLinear(s.Sub("F"), o.DIn, o.Out*o.DOut, true).Forward
		}
		l := NewDefinableVectorRouting(s, o, f)
		setRouting(t, s, c, "x")
		shape := batched(c.Input("x").Shape, 3)
		g := NewGraph[F](shape[0], shape[1])
		x := g.Input("x", golden.Convert[F](c.Input("x")), shape...)
		out, phi := l.Apply(g, x, routingMaskOf(g, c))
		var used []*params.Param[F] // one iteration makes no predictions
		for _, p := range s.All() {
			if g.Uses(p) {
				used = append(used, p)
			}
		}
		loss := ops.Dot[F](out, g.Input("cotangent", golden.Convert[F](c.Cotangent("x_out")), out.Shape()...))
		values := routingGradients(t, g, used, loss, G.Nodes{out, phi}, x)
		r.Forward(t, c, "x_out", values[0], tolerance)
		if c.Has("outputs", "phi") {
			r.Forward(t, c, "phi", values[1], tolerance)
		}
		r.Gradient(t, c, "x", values[2], gradTolerance)
		for i, p := range used {
			if p.Name == "G.bias" { // adds the same to all logits of an input: its gradient is rounding
				r.GradientError(t, c, p.Name, kerneltest.Largest(values[3+i]), gradTolerance)
				continue
			}
			r.Gradient(t, c, p.Name, values[3+i], gradTolerance)
		}
	}
}

// TestDefinableVectorRouting: for any number of inputs, with similarities of the caller, credit in the loss and masked
// padding, gradients equal finite differences and padding has no influence.
func TestDefinableVectorRouting(t *testing.T) {
	const batch, n, m, d, h = 2, 5, 3, 4, 2
	s := params.NewSet[float64](1)
	l := NewDefinableVectorRouting(s, VectorRoutingOptions{In: -1, Out: m, DIn: d, Iterations: 3}, VectorRoutingFunctions[float64]{
		A: NewLinear(s.Sub("A"), d, 1, true).Forward,
		F: NewLinear(s.Sub("F"), d, m*h, true).Forward,
		G: NewLinear(s.Sub("G"), h, d, true).Forward,
		S: func(_ *Graph[float64], x, pred *G.Node) *G.Node {
			return ops.LogSigmoid[float64](ops.RoutingScores[float64](x, pred), 1)
		},
	})
	data, mask := kerneltest.Normal[float64]("x", batch*n*d), []int32{0, 0, 0, 0, 1, 0, 1, 0, 0, 1}
	run := func() (loss float64, gradients [][]float64) {
		g := NewGraph[float64](batch, n)
		x := g.Input("x", data, batch, n, d)
		out, phi := l.Apply(g, x, g.Input("mask", mask, batch, n))
		squares := G.Must(G.Add(ops.Dot[float64](out, out), ops.Dot[float64](phi, phi)))
		values := routingGradients(t, g, s.All(), squares, G.Nodes{out, phi}, x)
		return kerneltest.Dot(values[0], values[0]) + kerneltest.Dot(values[1], values[1]), values[2:]
	}
	loss, gradients := run()
	f := func() float64 { loss, _ := run(); return loss }
	gradcheck.Check(t, "x", f, data, gradients[0], gradcheck.Options{})
	for i, p := range s.All() {
		gradcheck.Check(t, p.Name, f, p.Value, gradients[1+i], gradcheck.Options{Elements: 6})
	}
	copy(data[4*d:5*d], kerneltest.Normal[float64]("padding", d))
	if again := f(); again != loss {
		t.Errorf("loss %v with other padding, want %v", again, loss)
	}
}

func TestDefinableVectorRoutingRefuses(t *testing.T) {
	identity := func(_ *Graph[float32], x *G.Node) *G.Node { return x }
	all := VectorRoutingFunctions[float32]{A: identity, F: identity, G: identity}
	for says, make := range map[string]func(s params.Set[float32]){
		"layers: definable vector routing of {In:0": func(s params.Set[float32]) {
			NewDefinableVectorRouting(s, VectorRoutingOptions{Out: 1, Iterations: 1}, all)
		},
		"layers: definable vector routing of {In:2 Out:1 DIn:0 DOut:0 Iter": func(s params.Set[float32]) { NewDefinableVectorRouting(s, VectorRoutingOptions{In: 2, Out: 1}, all) },
		"layers: definable vector routing of {In:-1": func(s params.Set[float32]) {
			NewDefinableVectorRouting(s, VectorRoutingOptions{In: -1, Out: 1, Iterations: 1}, all)
		},
		"without one of the functions": func(s params.Set[float32]) {
			NewDefinableVectorRouting(s, VectorRoutingOptions{In: 1, Out: 1, Iterations: 1}, VectorRoutingFunctions[float32]{A: identity, F: identity})
		},
	} {
		func() {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.Contains(message, says) {
					t.Errorf("panic %q, want %q", message, says)
				}
			}()
			make(params.NewSet[float32](1))
		}()
	}
}
