package layers

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/internal/golden"
	"goomtrain/internal/simd"
	"goomtrain/ops"
	"goomtrain/params"
)

// flaLayer is a mixer of flash-linear-attention with its output projection.
type flaLayer[F params.Float] struct {
	mixer Mixer[F]
	out   *Linear[F]
}

func (l flaLayer[F]) forward(g *Graph[F], x *G.Node) *G.Node {
	return l.out.Forward(g, l.mixer.Forward(g, x))
}

// flaOf makes the layer of a case and sets its parameters by their names, which must be those of the case, and
// shapes.
func flaOf[F simd.Float](t *testing.T, c golden.Case) (flaLayer[F], params.Set[F]) {
	t.Helper()
	s := params.NewSet[F](1)
	width, heads, epsilon := c.Int("hidden_size", 0), c.Int("num_heads", 0), c.Float("norm_eps", 0)
	conv, kind := c.Bool("use_short_conv", false), c.String("layer", "")
	key, value := c.Int("head_dim", 0), 0
	if key == 0 { // rounded down, as there
		key = int(c.Float("expand_k", 1)*float64(width)) / heads
		value = int(c.Float("expand_v", 1)*float64(width)) / heads
	} else {
		value = int(c.Float("expand_v", 1) * float64(key))
	}
	l := flaLayer[F]{}
	switch kind {
	case "gla":
		l.mixer = NewGLA(s, width, heads, key, value, conv, epsilon)
	case "simple_gla":
		l.mixer = NewSSD(s, width, heads, key, value, conv, epsilon)
	case "delta_net", "gated_deltanet", "gated_deltaproduct":
		l.mixer = NewDeltaNet(s, DeltaNetSizes{In: width, KeyHeads: heads, ValueHeads: c.Int("num_v_heads", heads), DKey: key, DValue: value,
			Householders: c.Int("num_householder", 1), ShortConv: conv, ConvBias: c.Bool("conv_bias", false),
			NegativeEigenvalues: c.Bool("allow_neg_eigval", false), OutputGate: c.Bool("use_gate", false),
			ForgetGate: c.Bool("use_forget_gate", kind == "gated_deltanet"), Epsilon: epsilon})
	default:
		t.Fatalf("%s: there is no layer %q", c.Name, kind)
	}
	l.out = NewLinear(s.Sub("o_proj"), l.mixer.Out(), width, false)
	for _, p := range s.All() {
		if in := c.Input(p.Name); !slices.Equal(in.Shape, p.Shape) {
			t.Fatalf("%s: %s is %v, want %v", c.Name, p.Name, p.Shape, in.Shape)
		}
		copy(p.Value, golden.Convert[F](c.Input(p.Name)))
	}
	if want := len(c.Names("inputs")) - 1; len(s.All()) != want { // without x
		t.Fatalf("%s: %d parameters, want %d", c.Name, len(s.All()), want)
	}
	return l, s
}

// TestFLALayers holds the mixers to flash-linear-attention's layers with the same weights: results, all gradients,
// and sequences that are read in pieces.
func TestFLALayers(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testFLALayers[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testFLALayers[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testFLALayers[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "fla_layers")
	for _, c := range golden.Load(t, "fla_layers") {
		l, s := flaOf[F](t, c)
		x, cotangent := c.Input("x"), c.Cotangent("y")
		g := NewGraph[F](x.Shape[0], x.Shape[1])
		in := g.Input("x", golden.Convert[F](x), x.Shape...)
		y := l.forward(g, in)
		loss := ops.Dot[F](y, g.Input("cotangent", golden.Convert[F](cotangent), cotangent.Shape...))
		wrt := []*G.Node{in}
		for _, p := range s.All() {
			wrt = append(wrt, g.Weight(p))
		}
		grads, err := G.Grad(loss, wrt...)
		if err != nil {
			t.Fatal(err)
		}
		values := valuesOf[F](t, g, append([]*G.Node{y}, grads...)...)
		r.Forward(t, c, "y", values[0], tolerance)
		r.Gradient(t, c, "x", values[1], gradTolerance)
		for i, p := range s.All() {
			r.Gradient(t, c, p.Name, values[2+i], gradTolerance)
		}
		for split := 1; split < x.Shape[1]; split += 3 {
			r.Forward(t, c, "y", flaPieces(t, l, x, split), tolerance)
		}
	}
}

// flaPieces reads x up to a position and then, with the states carried on, the rest.
func flaPieces[F simd.Float](t *testing.T, l flaLayer[F], x golden.Tensor, split int) []float64 {
	batch, length, width := x.Shape[0], x.Shape[1], x.Shape[2]
	all := golden.Convert[F](x)
	states, y := NewStates(), make([]float64, len(all))
	for _, span := range [][2]int{{0, split}, {split, length}} {
		n := span[1] - span[0]
		var part []F
		for b := range batch {
			part = append(part, all[(b*length+span[0])*width:(b*length+span[1])*width]...)
		}
		g := NewStreaming[F](batch, n, states)
		got := valuesOf[F](t, g, l.forward(g, g.Input("x", part, batch, n, width)))[0]
		for b := range batch {
			copy(y[(b*length+span[0])*width:], got[b*n*width:(b+1)*n*width])
		}
	}
	return y
}

// valuesOf runs the graph and returns the values of nodes.
func valuesOf[F simd.Float](t *testing.T, g *Graph[F], nodes ...*G.Node) (out [][]float64) {
	t.Helper()
	exec, err := executor.New(g.ExprGraph, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.RunAll(); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		v, err := exec.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		var wide []float64
		for _, x := range v.Data().([]F) {
			wide = append(wide, float64(x))
		}
		out = append(out, wide)
	}
	return out
}
