package executor

import (
	"fmt"
	"hash"
	"testing"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestViewsKeepTheirMemory: a built-in op may return a view of its input, whose buffer must not be given
// to another value while the view is still to be read.
func TestViewsKeepTheirMemory(t *testing.T) {
	g := G.NewGraph()
	x := dense(g, "x", 1, 2, 3, 4)
	square := G.NewMatrix(g, tensor.Float64, G.WithShape(2, 2), G.WithName("square"), G.WithValue(
		tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, 2, 3, 4}))))
	double := G.Must(G.Add(x, x)) // its last direct reader is the reshape
	view := G.Must(G.Reshape(double, tensor.Shape{2, 2}))
	triple := G.Must(G.Add(view, square)) // would be written over double
	last := G.Must(G.Add(triple, view))
	e, got := run(t, g, last)
	for i, v := range []float64{1, 2, 3, 4} {
		if got[0][i] != 5*v {
			t.Errorf("element %d is %v, want %v", i, got[0][i], 5*v)
		}
	}
	if data(e, view) != data(e, double) {
		t.Error("the reshape has memory of its own: this test needs a built-in op that returns a view")
	}
}

// TestOwnedOutputsReleaseInputs: the input of an op that owns its output is free as soon as the op has run.
func TestOwnedOutputsReleaseInputs(t *testing.T) {
	for _, owns := range []bool{false, true} {
		g := G.NewGraph()
		x := dense(g, "x", 1, 2, 3, 4)
		double := G.Must(G.Add(x, x))
		var op G.Op = &copying{}
		if owns {
			op = &owning{}
		}
		copied := G.Must(G.ApplyOp(op, double))
		last := G.Must(G.Add(G.Must(G.Add(copied, x)), copied))
		e, got := run(t, g, last)
		for i, v := range []float64{1, 2, 3, 4} {
			if got[0][i] != 5*v {
				t.Errorf("owns %v: element %d is %v, want %v", owns, i, got[0][i], 5*v)
			}
		}
		want := 3 * 4 * 8 // double, the inner sum and last
		if owns {
			want = 2 * 4 * 8 // the inner sum takes the buffer of double
		}
		if e.PlannedBytes() != want {
			t.Errorf("owns %v: %d bytes planned, want %d", owns, e.PlannedBytes(), want)
		}
	}
}

// data is where the value of a vector or matrix begins.
func data(e *Executor, n *G.Node) *float64 { return &e.values[e.slots[n]].Data().([]float64)[0] }

// copying is an unplanned op that copies its one input, a vector; owning says so to the executor.
type copying struct{}

type owning struct{ copying }

func (*owning) OwnsOutput() {}

func (*copying) Arity() int { return 1 }

func (*copying) Type() hm.Type {
	v := G.TensorType{Dims: 1, Of: hm.TypeVariable('a')}
	return hm.NewFnType(v, v)
}

func (*copying) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	return in[0].(tensor.Shape).Clone(), nil
}

func (*copying) Do(in ...G.Value) (G.Value, error) { return G.CloneValue(in[0]) }

func (*copying) ReturnsPtr() bool      { return false }
func (*copying) CallsExtern() bool     { return false }
func (*copying) OverwritesInput() int  { return -1 }
func (*copying) WriteHash(h hash.Hash) { fmt.Fprint(h, "copying") }
func (*copying) Hashcode() uint32      { return 1 }
func (*copying) String() string        { return "copying" }
