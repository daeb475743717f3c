package executor

import (
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func dense(g *G.ExprGraph, name string, values ...float64) *G.Node {
	n := G.NewTensor(g, tensor.Float64, 1, G.WithShape(len(values)), G.WithName(name))
	if err := G.Let(n, tensor.New(tensor.WithShape(len(values)), tensor.WithBacking(values))); err != nil {
		panic(err)
	}
	return n
}

func run(t *testing.T, g *G.ExprGraph, keep ...*G.Node) (*Executor, [][]float64) {
	t.Helper()
	e, err := New(g, keep...)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.RunAll(); err != nil {
		t.Fatal(err)
	}
	var out [][]float64
	for _, n := range keep {
		v, err := e.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v.Data().([]float64))
	}
	return e, out
}

// TestBuiltinOps: ops of Gorgonia run too, and a value used long after it was made is still whole.
func TestBuiltinOps(t *testing.T) {
	g := G.NewGraph()
	x := dense(g, "x", 1, 2, 3)
	sum := G.Must(G.Add(x, x)) // planned
	cube := G.Must(G.HadamardProd(x, G.Must(G.Square(x))))
	chain := sum
	for range 5 { // reuses buffers while sum is still wanted
		chain = G.Must(G.Add(chain, cube))
	}
	last := G.Must(G.Add(chain, sum))
	_, got := run(t, g, last, cube)
	for i, v := range []float64{1, 2, 3} {
		if want := 4*v + 5*v*v*v; got[0][i] != want {
			t.Errorf("element %d is %v, want %v", i, got[0][i], want)
		}
		if want := v * v * v; got[1][i] != want {
			t.Errorf("the kept cube %d is %v, want %v", i, got[1][i], want)
		}
	}
}

// TestBuffersAreShared: a chain of any length needs two buffers, and the kept result its own.
func TestBuffersAreShared(t *testing.T) {
	g := G.NewGraph()
	x := dense(g, "x", make([]float64, 100)...)
	n := x
	for range 20 {
		n = G.Must(G.Add(n, x))
	}
	e, _ := run(t, g, n)
	if got, most := e.PlannedBytes(), 3*100*8; got > most {
		t.Errorf("a chain of 20 sums of 800 bytes plans %d bytes, want at most %d", got, most)
	}
}

// TestInputsAreReadEachRun: a new value bound to a leaf counts at the next run.
func TestInputsAreReadEachRun(t *testing.T) {
	g := G.NewGraph()
	x := dense(g, "x", 1, 2)
	double := G.Must(G.Add(x, x))
	e, got := run(t, g, double)
	if err := G.Let(x, tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{5, 6}))); err != nil {
		t.Fatal(err)
	}
	if err := e.RunAll(); err != nil {
		t.Fatal(err)
	}
	if got[0][0] != 10 || got[0][1] != 12 {
		t.Errorf("after Let the result is %v, want [10 12]", got[0])
	}
}

func TestErrors(t *testing.T) {
	g := G.NewGraph()
	x := G.NewVector(g, tensor.Float64, G.WithShape(2), G.WithName("x"))
	y := G.Must(G.Add(x, x))
	e, err := New(g, y)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.RunAll(); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("an input without a value: error %v, want one that names it", err)
	}
	other := dense(G.NewGraph(), "other", 1)
	if _, err := New(g, other); err == nil {
		t.Error("a kept node of another graph: no error")
	}
	if _, err := e.Value(other); err == nil {
		t.Error("the value of a node of another graph: no error")
	}
}

func TestProfile(t *testing.T) {
	g := G.NewGraph()
	x := dense(g, "x", 1, 2, 3)
	y := G.Must(G.Add(x, G.Must(G.Square(x))))
	e, err := New(g, y)
	if err != nil {
		t.Fatal(err)
	}
	e.SetProfile(true)
	for range 3 {
		if err := e.RunAll(); err != nil {
			t.Fatal(err)
		}
	}
	calls := map[string]int{}
	for _, o := range e.Profile() {
		calls[o.Name] = o.Calls
	}
	if calls["sum (3)"] != 3 || len(calls) != 2 {
		t.Errorf("calls by op: %v, want 3 of sum (3) and of one other", calls)
	}
}
