package ops

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
)

// scaled is y = x * scale + residual, all of one shape: an op with every kind of gradient but none.
func scaled(x, scale, residual *G.Node) Definition[float32] {
	return Definition[float32]{
		Name:   "scaled",
		Inputs: G.Nodes{x, scale, residual},
		Grads:  []Gradient{GradPrimary, GradSide, GradSame},
		Out:    x.Shape(),
		Forward: func(out []float32, in Operands[float32]) {
			x, scale, residual := in.Floats(0), in.Floats(1), in.Floats(2)
			for i := range out {
				out[i] = x[i]*scale[i] + residual[i]
			}
		},
		Backward: func(grads [][]float32, in Operands[float32], _, dout []float32) {
			x, scale := in.Floats(0), in.Floats(1)
			for i, d := range dout {
				grads[0][i], grads[1][i] = d*scale[i], d*x[i]
			}
		},
	}
}

// TestApplyRefuses: every contradiction in a definition panics with the name of the op and the mistake.
func TestApplyRefuses(t *testing.T) {
	type definition = Definition[float32]
	for name, c := range map[string]struct {
		spoil func(g *G.ExprGraph, d *definition)
		says  string
	}{
		"no name":       {func(_ *G.ExprGraph, d *definition) { d.Name = "" }, "no name"},
		"no forward":    {func(_ *G.ExprGraph, d *definition) { d.Forward = nil }, "Forward is nil"},
		"no backward":   {func(_ *G.ExprGraph, d *definition) { d.Backward = nil }, "Backward is nil"},
		"few gradients": {func(_ *G.ExprGraph, d *definition) { d.Grads = d.Grads[:2] }, "3 inputs and 2 gradients"},
		"many gradients": {func(_ *G.ExprGraph, d *definition) { d.Grads = append(d.Grads, GradNone) },
			"3 inputs and 4 gradients"},
		"no gradient": {func(_ *G.ExprGraph, d *definition) { d.Grads[2] = GradSame + 1 }, "Gradient(4)"},
		"empty output": {func(_ *G.ExprGraph, d *definition) { d.Out, d.Grads[2] = tensor.Shape{2, 0}, GradSide },
			"shape (2, 0)"},
		"nil input":    {func(_ *G.ExprGraph, d *definition) { d.Inputs[1] = nil }, "input 1 is nil"},
		"no primary":   {func(_ *G.ExprGraph, d *definition) { d.Grads[0] = GradSide }, "0 gradients are GradPrimary"},
		"two primary":  {func(_ *G.ExprGraph, d *definition) { d.Grads[1] = GradPrimary }, "2 gradients are GradPrimary"},
		"same, wider":  {func(_ *G.ExprGraph, d *definition) { d.Out = tensor.Shape{2, 4} }, "input 2 is GradSame"},
		"same, column": {func(_ *G.ExprGraph, d *definition) { d.Out = tensor.Shape{2, 3, 1} }, "input 2 is GradSame"},
		"double": {func(g *G.ExprGraph, d *definition) { d.Inputs[1] = leaf(g, tensor.Float64, 2, 3) },
			"input 1 has elements of type float64, want float32"},
		"primary of indices": {func(g *G.ExprGraph, d *definition) { d.Inputs[0] = leaf(g, tensor.Int32, 2, 3) },
			"input 0 is GradPrimary, want GradNone"},
		"side of indices": {func(g *G.ExprGraph, d *definition) { d.Inputs[1] = leaf(g, tensor.Int32, 2, 3) },
			"input 1 is GradSide, want GradNone"},
		"same of indices": {func(g *G.ExprGraph, d *definition) { d.Inputs[2] = leaf(g, tensor.Int32, 2, 3) },
			"input 2 is GradSame, want GradNone"},
	} {
		t.Run(name, func(t *testing.T) {
			g := G.NewGraph()
			def := scaled(leaf(g, tensor.Float32, 2, 3), leaf(g, tensor.Float32, 2, 3), leaf(g, tensor.Float32, 2, 3))
			c.spoil(g, &def)
			message := panicOf(func() { Apply(def) })
			if !strings.Contains(message, "ops: "+def.Name+": ") || !strings.Contains(message, c.says) {
				t.Errorf("panic %q, want one that names the op and says %q", message, c.says)
			}
		})
	}
}

// TestElementTypeMustBeTheNodes: an op of another element type than its inputs' panics with its name.
func TestElementTypeMustBeTheNodes(t *testing.T) {
	x := leaf(G.NewGraph(), tensor.Float32, 2, 4)
	if message := panicOf(func() { GELU[float64](x) }); !strings.Contains(message, "GELU: input 0 has elements of type float32, want float64") {
		t.Errorf("panic %q", message)
	}
}

// TestGradientsOfEveryKind: the definition that TestApplyRefuses spoils is right as it stands.
func TestGradientsOfEveryKind(t *testing.T) {
	g := G.NewGraph()
	x, scale, residual := leaf(g, tensor.Float32, 2), leaf(g, tensor.Float32, 2), leaf(g, tensor.Float32, 2)
	y := Apply(scaled(x, scale, residual))
	wrt := G.Nodes{x, scale, residual}
	grads, err := G.Grad(G.Must(G.Sum(y)), wrt...)
	if err != nil {
		t.Fatal(err)
	}
	for i, values := range [][]float32{{2, 3}, {5, 7}, {11, 13}} {
		if err := G.Let(wrt[i], tensor.New(tensor.WithShape(2), tensor.WithBacking(values))); err != nil {
			t.Fatal(err)
		}
	}
	got := runAll(t, g, append(G.Nodes{y}, grads...)...)
	for i, want := range [][]float32{{21, 34}, {5, 7}, {2, 3}, {1, 1}} {
		if !slices.Equal(got[i], want) {
			t.Errorf("%s is %v, want %v", []string{"y", "dx", "dscale", "dresidual"}[i], got[i], want)
		}
	}
}

// TestScalarInputs: scalars, as a scale in the caller's graph, have gradients of either kind.
func TestScalarInputs(t *testing.T) {
	g := G.NewGraph()
	x, y := G.NewScalar(g, tensor.Float32, G.WithName("x")), G.NewScalar(g, tensor.Float32, G.WithName("y"))
	for n, v := range map[*G.Node]float32{x: 3, y: 5} {
		if err := G.Let(n, v); err != nil {
			t.Fatal(err)
		}
	}
	product := Apply(Definition[float32]{
		Name:   "product",
		Inputs: G.Nodes{x, y},
		Grads:  []Gradient{GradPrimary, GradSide},
		Forward: func(out []float32, in Operands[float32]) {
			out[0] = in.Floats(0)[0] * in.Floats(1)[0]
		},
		Backward: func(grads [][]float32, in Operands[float32], _, dout []float32) {
			grads[0][0], grads[1][0] = dout[0]*in.Floats(1)[0], dout[0]*in.Floats(0)[0]
		},
	})
	grads, err := G.Grad(product, x, y)
	if err != nil {
		t.Fatal(err)
	}
	got := runAll(t, g, product, grads[0], grads[1])
	if got[0][0] != 15 || got[1][0] != 5 || got[2][0] != 3 {
		t.Errorf("3 * 5 and its gradients are %v, want 15, 5 and 3", got)
	}
}

func TestExtraOutputRefuses(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, tensor.Float32, 2, 4)
	for name, n := range map[string]*G.Node{"a leaf": x, "a built-in op": G.Must(G.Add(x, x)), "float32": GELU[float32](x)} {
		for _, make := range []func(){
			func() { ExtraOutput[float64](n, "signs", tensor.Shape{2}) },
			func() { GradOutput[float64](n, "signs", tensor.Shape{2}) },
		} {
			if message := panicOf(make); !strings.Contains(message, "ops: signs: ") {
				t.Errorf("%s: panic %q, want one that names the output", name, message)
			}
		}
	}
}

// TestExtraOutputHasNoGradient: a loss of the extra output alone cannot be differentiated.
func TestExtraOutputHasNoGradient(t *testing.T) {
	g := G.NewGraph()
	x := leaf(g, tensor.Float32, 2, 4)
	extra, _ := ExtraOutput[float32](GELU[float32](x), "extra", tensor.Shape{2})
	if _, err := G.Grad(G.Must(G.Sum(extra)), x); err == nil {
		t.Error("no error")
	}
}

// TestGradOutput: the gradient through a further output reaches Backward, alone or beside that of the output, and is nil
// where the loss does not depend on it.
func TestGradOutput(t *testing.T) {
	// y = 2x, square = x*x
	build := func(g *G.ExprGraph, x *G.Node) (y, square *G.Node) {
		var value []float32
		var dsquare func() []float32
		y = Apply(Definition[float32]{
			Name: "double", Inputs: G.Nodes{x}, Grads: []Gradient{GradPrimary}, Out: x.Shape(),
			Forward: func(out []float32, in Operands[float32]) {
				for i, v := range in.Floats(0) {
					out[i], value[i] = 2*v, v*v
				}
			},
			Backward: func(grads [][]float32, in Operands[float32], _, dout []float32) {
				for i, v := range in.Floats(0) {
					grads[0][i] = 2 * dout[i]
					if d := dsquare(); d != nil {
						grads[0][i] += 2 * v * d[i]
					}
				}
			},
		})
		square, value, dsquare = GradOutput[float32](y, "square", x.Shape())
		return y, square
	}
	for name, c := range map[string]struct {
		loss func(y, square *G.Node) *G.Node
		want []float32
	}{
		"output": {func(y, _ *G.Node) *G.Node { return G.Must(G.Sum(y)) }, []float32{2, 2}},
		"square": {func(_, square *G.Node) *G.Node { return G.Must(G.Sum(square)) }, []float32{6, 10}},
		"both":   {func(y, square *G.Node) *G.Node { return Dot[float32](y, square) }, []float32{2*9 + 6*6, 2*25 + 10*10}},
	} {
		t.Run(name, func(t *testing.T) {
			g := G.NewGraph()
			x := leaf(g, tensor.Float32, 2)
			y, square := build(g, x)
			grads, err := G.Grad(c.loss(y, square), x)
			if err != nil {
				t.Fatal(err)
			}
			if err := G.Let(x, tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{3, 5}))); err != nil {
				t.Fatal(err)
			}
			got := runAll(t, g, square, grads[0])
			if !slices.Equal(got[0], []float32{9, 25}) || !slices.Equal(got[1], c.want) {
				t.Errorf("square %v, gradient %v, want %v and %v", got[0], got[1], []float32{9, 25}, c.want)
			}
		})
	}
}

// TestViewsAreRefused: the data of a transposed view is not in the order of its shape.
func TestViewsAreRefused(t *testing.T) {
	floats := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	indices := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]int32{1, 2, 3, 4, 5, 6}))
	for _, v := range []*tensor.Dense{floats, indices} {
		if err := v.T(); err != nil {
			t.Fatal(err)
		}
	}
	in := Operands[float32]{floats, indices}
	for name, read := range map[string]func(){"floats": func() { in.Floats(0) }, "indices": func() { in.Indices(1) }} {
		if message := panicOf(read); !strings.Contains(message, "Materialize") {
			t.Errorf("%s: panic %q, want one that says what to do", name, message)
		}
	}
	if message := panicOf(func() { in.Indices(0) }); !strings.Contains(message, "want a tensor of int32") {
		t.Errorf("floats read as indices: panic %q", message)
	}
}

var leaves int

// leaf is an input without a value, distinct from all others.
func leaf(g *G.ExprGraph, of tensor.Dtype, shape ...int) *G.Node {
	leaves++
	return G.NewTensor(g, of, len(shape), G.WithShape(shape...), G.WithName(fmt.Sprint("leaf", leaves)))
}

// runAll runs the graph twice, so that buffers are used ones, and returns the values of nodes.
func runAll(t *testing.T, g *G.ExprGraph, keep ...*G.Node) (values [][]float32) {
	t.Helper()
	vm, err := executor.New(g, keep...)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range keep {
		v, err := vm.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, floats[float32](v))
	}
	return values
}

// panicOf is what f panics with, or nothing.
func panicOf(f func()) (message string) {
	defer func() {
		if r := recover(); r != nil {
			message = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}
