package layers

import (
	"fmt"
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/golden"
	"goomtrain/internal/simd"
	"goomtrain/ops"
	"goomtrain/params"
)

// TestGoldenMatrixRouting holds the layer to the reference's module with the same weights, by name.
func TestGoldenMatrixRouting(t *testing.T) {
	t.Run("float64", func(t *testing.T) {
		testGoldenMatrixRouting[float64](t, golden.Tolerance, golden.GradTolerance)
	})
	t.Run("float32", func(t *testing.T) {
		testGoldenMatrixRouting[float32](t, golden.Tolerance32, golden.GradTolerance32)
	})
}

func testGoldenMatrixRouting[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "matrix_routing")
	for _, c := range golden.Load(t, "matrix_routing") {
		s := params.NewSet[F](1)
		l := NewMatrixRouting(s, MatrixRoutingOptions{In: c.Int("n_inp", 0), Out: c.Int("n_out", 0), Cov: c.Int("d_cov", 0), DIn: c.Int("d_inp", 0), DOut: c.Int("d_out", 0),
			Iterations: c.Int("n_iters", 0), SingleBeta: c.Bool("single_beta", false), KMeans: c.String("p_model", "") == "skm"}) // eps is 1e-5 in all
		setRouting(t, s, c, "a_inp", "mu_inp")
		aShape, muShape := batched(c.Input("a_inp").Shape, 2), batched(c.Input("mu_inp").Shape, 4)
		g := NewGraph[F](aShape[0], aShape[1])
		a, mu := g.Input("a", golden.Convert[F](c.Input("a_inp")), aShape...), g.Input("mu", golden.Convert[F](c.Input("mu_inp")), muShape...)
		out := l.Apply(g, a, mu, nil)
		results := G.Nodes{out.A, out.Mu, out.Sigma2}
		var losses G.Nodes
		for i, name := range []string{"a_out", "mu_out", "sig2_out"} {
			losses = append(losses, ops.Dot[F](results[i], g.Input(name, golden.Convert[F](c.Cotangent(name)), results[i].Shape()...)))
		}
		loss := G.Must(G.Add(G.Must(G.Add(losses[0], losses[1])), losses[2]))
		values := routingGradients(t, g, s.All(), loss, results, a, mu)
		for i, name := range []string{"a_out", "mu_out", "sig2_out"} {
			r.Forward(t, c, name, values[i], tolerance)
		}
		for i, name := range []string{"a_inp", "mu_inp"} {
			r.Gradient(t, c, name, values[3+i], gradTolerance)
		}
		for i, p := range s.All() {
			r.Gradient(t, c, p.Name, values[5+i], gradTolerance)
		}
	}
}

func TestMatrixRoutingRefuses(t *testing.T) {
	good := MatrixRoutingOptions{In: -1, Out: 1, Cov: 1, DIn: 1, DOut: 1, Iterations: 1}
	NewMatrixRouting(params.NewSet[float32](1), good)
	for _, change := range []func(o *MatrixRoutingOptions){func(o *MatrixRoutingOptions) { o.In = 0 }, func(o *MatrixRoutingOptions) { o.Out = 0 }, func(o *MatrixRoutingOptions) { o.Cov = 0 },
		func(o *MatrixRoutingOptions) { o.DIn = -1 }, func(o *MatrixRoutingOptions) { o.DOut = 0 }, func(o *MatrixRoutingOptions) { o.Iterations = 0 },
		func(o *MatrixRoutingOptions) { o.Epsilon = -1 }, func(o *MatrixRoutingOptions) { o.Epsilon = math.NaN() }} {
		o := good
		change(&o)
		func() {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.HasPrefix(message, "layers: matrix routing of {In:") {
					t.Errorf("%+v: panic %q", o, message)
				}
			}()
			NewMatrixRouting(params.NewSet[float32](1), o)
		}()
	}
}
