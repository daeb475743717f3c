package executor

import (
	"fmt"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestSumsAreRecognized: elementwise sums of two tensors are planned, whatever their type; other
// elementwise ops, which differ from it in an unexported field alone, are not.
func TestSumsAreRecognized(t *testing.T) {
	known := sums{}
	for _, of := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for dims := 1; dims <= 4; dims++ {
			g := G.NewGraph()
			leaf := func(name string) *G.Node {
				return G.NewTensor(g, of, dims, G.WithShape([]int{3, 2, 4, 5}[:dims]...), G.WithName(name))
			}
			x, y, scalar := leaf("x"), leaf("y"), G.NewScalar(g, of, G.WithName("scalar"))
			for name, c := range map[string]struct {
				n    *G.Node
				want bool
			}{
				"sum":               {G.Must(G.Add(x, y)), true},
				"sum of sums":       {G.Must(G.Add(G.Must(G.Add(x, y)), x)), true},
				"difference":        {G.Must(G.Sub(x, y)), false},
				"product":           {G.Must(G.HadamardProd(x, y)), false},
				"comparison":        {G.Must(G.Gt(x, y, true)), false},
				"tensor and scalar": {G.Must(G.Add(x, scalar)), false},
				"scalar and tensor": {G.Must(G.Add(scalar, x)), false},
				"two scalars":       {G.Must(G.Add(scalar, scalar)), false},
			} {
				if got := known.planned(c.n) != nil; got != c.want {
					t.Errorf("%v of %d dimensions, %s: planned %v, want %v", of, dims, name, got, c.want)
				}
			}
			// the derivative of sum(x * exp(x)) is exp(x) + x exp(x)
			grads, err := G.Grad(G.Must(G.Sum(G.Must(G.HadamardProd(x, G.Must(G.Exp(x)))))), x)
			if err != nil {
				t.Fatal(err)
			}
			if known.planned(grads[0]) == nil {
				t.Errorf("%v of %d dimensions: the sum that gorgonia.Grad inserts is not planned", of, dims)
			}
		}
	}
}

// lookalike prints and hashes like a sum of vectors, but is another op.
type lookalike struct{ G.Op }

func (lookalike) String() string { return fmt.Sprint(sumOp()) }

func sumOp() G.Op {
	x := G.NewVector(G.NewGraph(), tensor.Float64, G.WithShape(2), G.WithName("x"))
	return G.Must(G.Add(x, x)).Op()
}

func TestLookalikeIsNoSum(t *testing.T) {
	x := dense(G.NewGraph(), "x", 1, 2)
	if n := G.Must(G.ApplyOp(lookalike{sumOp()}, x, x)); (sums{}).planned(n) != nil {
		t.Error("an op of another type that prints like a sum is planned as a sum")
	}
}

// TestSumWithScalar: the sum of a tensor and a scalar runs as the built-in op that it is.
func TestSumWithScalar(t *testing.T) {
	g := G.NewGraph()
	x := dense(g, "x", 1, 2, 3)
	_, got := run(t, g, G.Must(G.Add(x, G.NewConstant(10.0))))
	for i, want := range []float64{11, 12, 13} {
		if got[0][i] != want {
			t.Errorf("element %d is %v, want %v", i, got[0][i], want)
		}
	}
}

// TestSumRefusesViews: the elements of a transposed view are not in the order of its shape.
func TestSumRefusesViews(t *testing.T) {
	g := G.NewGraph()
	v := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, 2, 3, 4}))
	if err := v.T(); err != nil {
		t.Fatal(err)
	}
	x := G.NewMatrix(g, tensor.Float64, G.WithShape(2, 2), G.WithName("x"), G.WithValue(v))
	e, err := New(g, G.Must(G.Add(x, x)))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.RunAll(); err == nil || !strings.Contains(err.Error(), "Materialize") {
		t.Errorf("a transposed view: error %v, want one that says what to do", err)
	}
}
