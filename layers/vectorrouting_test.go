package layers

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/golden"
	"goomtrain/internal/simd"
	"goomtrain/ops"
	"goomtrain/params"
)

// TestGoldenVectorRouting holds the layer to the reference's module with the same weights, by name.
func TestGoldenVectorRouting(t *testing.T) {
	t.Run("float64", func(t *testing.T) {
		testGoldenVectorRouting[float64](t, golden.Tolerance, golden.GradTolerance)
	})
	t.Run("float32", func(t *testing.T) {
		testGoldenVectorRouting[float32](t, golden.Tolerance32, golden.GradTolerance32)
	})
}

func testGoldenVectorRouting[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "vector_routing")
	for _, c := range golden.Load(t, "vector_routing") {
		s := params.NewSet[F](1)
		l := NewVectorRouting(s, VectorRoutingOptions{In: c.Int("n_inp", 0), Out: c.Int("n_out", 0), DIn: c.Int("d_inp", 0), DOut: c.Int("d_out", 0),
			Iterations: c.Int("n_iters", 0), Normalize: c.Bool("normalize", false)})
		setRouting(t, s, c, "x")
		shape := batched(c.Input("x").Shape, 3)
		g := NewGraph[F](shape[0], shape[1])
		x := g.Input("x", golden.Convert[F](c.Input("x")), shape...)
		out, phi := l.Apply(g, x, routingMaskOf(g, c))
		values := routingGradients(t, g, s.All(), ops.Dot[F](out, g.Input("cotangent", golden.Convert[F](c.Cotangent("x_out")), out.Shape()...)), G.Nodes{out, phi}, x)
		r.Forward(t, c, "x_out", values[0], tolerance)
		if c.Has("outputs", "phi") {
			r.Forward(t, c, "phi", values[1], tolerance)
		}
		r.Gradient(t, c, "x", values[2], gradTolerance)
		for i, p := range s.All() {
			within := gradTolerance
			if shape[1] == 1 && (p.Name == "W_A" || p.Name == "B_A") {
				within *= 10 // outputs are normalized: the activation of their only input changes them by epsilon alone
			}
			r.Gradient(t, c, p.Name, values[3+i], within)
		}
	}
}

// batched returns the shape with a first dimension of 1 if it lacks a batch.
func batched(shape []int, dims int) []int {
	if len(shape) < dims {
		return append([]int{1}, shape...)
	}
	return shape
}

// setRouting sets all parameters to the inputs of the same names, which must have the same shapes. The other inputs of
// the case are given.
func setRouting[F simd.Float](t *testing.T, s params.Set[F], c golden.Case, inputs ...string) {
	t.Helper()
	for _, p := range s.All() {
		in := c.Input(p.Name)
		if !slices.Equal(in.Shape, p.Shape) {
			t.Fatalf("%s: %s is %v, want %v", c.Name, p.Name, p.Shape, in.Shape)
		}
		copy(p.Value, golden.Convert[F](in))
	}
	if c.Has("inputs", "mask") {
		inputs = append(inputs, "mask")
	}
	if want := len(c.Names("inputs")) - len(inputs); len(s.All()) != want {
		t.Fatalf("%s: %d parameters, want %d", c.Name, len(s.All()), want)
	}
}

// routingMaskOf returns the mask of a case [1, n, m], nil if it has none.
func routingMaskOf[F simd.Float](g *Graph[F], c golden.Case) *G.Node {
	if !c.Has("inputs", "mask") {
		return nil
	}
	in := c.Input("mask")
	mask := make([]int32, len(in.Data))
	for i, v := range in.Ints() {
		mask[i] = int32(v)
	}
	return g.Input("mask", mask, 1, in.Shape[0], in.Shape[1])
}

// routingGradients returns the values of nodes and the gradients of the loss by inputs and then by parameters.
func routingGradients[F simd.Float](t *testing.T, g *Graph[F], ps []*params.Param[F], loss *G.Node, nodes G.Nodes, inputs ...*G.Node) [][]float64 {
	t.Helper()
	wrt := append(G.Nodes(nil), inputs...)
	for _, p := range ps {
		wrt = append(wrt, g.Weight(p))
	}
	grads, err := G.Grad(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	return valuesOf(t, g, append(nodes, grads...)...)
}

// TestAnyNumberOfVectors: padding that is masked changes nothing, and a layer for any number takes any.
func TestAnyNumberOfVectors(t *testing.T) {
	s := params.NewSet[float64](1)
	l := NewVectorRouting(s, VectorRoutingOptions{In: -1, Out: 3, DIn: 4, DOut: 5, Iterations: 3, Normalize: true})
	data := []float64{1, 2, -1, 0.5, -2, 0.25, 1, 3, 0.5, 0.5, -1, 2}
	var want []float64
	for padding := range 3 {
		n := 3 + padding
		g := NewGraph[float64](1, n)
		x, mask := append(slices.Clone(data), make([]float64, 4*padding)...), make([]int32, n)
		for i := 3; i < n; i++ {
			mask[i], x[4*i] = 1, 7
		}
		out, _ := l.Apply(g, g.Input("x", x, 1, n, 4), g.Input("mask", mask, 1, n))
		got := valuesOf(t, g, out)[0]
		if want == nil {
			want = got
		}
		if err := golden.MaxRelErr(got, want); err > 1e-12 {
			t.Errorf("%d vectors of padding change the output by %v", padding, err)
		}
	}
}

// TestRoutingBuffers: files of the reference's modules also hold constants, which are no parameters here.
func TestRoutingBuffers(t *testing.T) {
	identity := func(_ *Graph[float32], x *G.Node) *G.Node { return x }
	f := VectorRoutingFunctions[float32]{A: identity, F: identity, G: identity}
	for _, c := range []struct {
		want string
		make func(s params.Set[float32])
	}{
		{"[0.CONST_ones_over_n_out]", func(s params.Set[float32]) {
			NewVectorRouting(s, VectorRoutingOptions{In: 1, Out: 1, DIn: 1, DOut: 1, Iterations: 1})
		}},
		{"[0.CONST_ones_over_n_out]", func(s params.Set[float32]) {
			NewDefinableVectorRouting(s, VectorRoutingOptions{In: 1, Out: 1, Iterations: 1}, f)
		}},
		{"[0.CONST_one]", func(s params.Set[float32]) {
			NewMatrixRouting(s, MatrixRoutingOptions{In: 1, Out: 1, Cov: 1, DIn: 1, DOut: 1, Iterations: 1})
		}},
		{"[0.beta_ign 0.CONST_one]", func(s params.Set[float32]) { // the same numbers as beta_use
			NewMatrixRouting(s, MatrixRoutingOptions{In: 1, Out: 1, Cov: 1, DIn: 1, DOut: 1, Iterations: 1, SingleBeta: true})
		}},
	} {
		s := params.NewSet[float32](1)
		c.make(s.Sub("0"))
		if got := fmt.Sprint(s.Skipped()); got != c.want {
			t.Errorf("%s are skipped, want %s", got, c.want)
		}
	}
}

func TestVectorRoutingRefuses(t *testing.T) {
	for _, o := range []VectorRoutingOptions{{In: 0, Out: 1, DIn: 1, DOut: 1, Iterations: 1}, {In: -2, Out: 1, DIn: 1, DOut: 1, Iterations: 1},
		{In: 1, Out: 0, DIn: 1, DOut: 1, Iterations: 1}, {In: 1, Out: 1, DIn: 1, DOut: 1}} {
		func() {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.HasPrefix(message, "layers: vector routing of {In:") {
					t.Errorf("%+v: panic %q", o, message)
				}
			}()
			NewVectorRouting(params.NewSet[float32](1), o)
		}()
	}
}
