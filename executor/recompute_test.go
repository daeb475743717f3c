package executor

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
)

// network is a chain of blocks of elementwise ops, with its loss and gradient.
type network struct {
	g      *G.ExprGraph
	bounds []*G.Node
	inner  *G.Node // a value within a block
	loss   *G.Node
	grad   *G.Node
}

// newNetwork makes a network of n blocks x -> x + tanh(x * x) * x. If skips is set, the loss also reads the inner values
// of the first block.
func newNetwork(t *testing.T, n, width int, skips bool) network {
	t.Helper()
	g := G.NewGraph()
	values := make([]float64, width)
	for i := range values {
		values[i] = 0.001 * float64(i)
	}
	in := dense(g, "x", values...)
	net, x := network{g: g, bounds: []*G.Node{in}}, in
	for i := range n {
		inner := G.Must(G.Tanh(G.Must(G.HadamardProd(x, x))))
		if i == 0 {
			net.inner = inner
		}
		x = G.Must(G.Add(x, G.Must(G.HadamardProd(inner, x))))
		net.bounds = append(net.bounds, x)
	}
	if skips {
		x = G.Must(G.Add(x, net.inner))
	}
	net.loss = G.Must(G.Sum(x))
	grads, err := G.Grad(net.loss, in)
	if err != nil {
		t.Fatal(err)
	}
	net.grad = grads[0]
	return net
}

// results runs an executor twice and returns the last values of nodes, and how often each instruction's node is computed.
func results(t *testing.T, e *Executor, nodes ...*G.Node) (values [][]float64, times map[*G.Node]int) {
	t.Helper()
	for range 2 {
		if err := e.RunAll(); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range nodes {
		v, err := e.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		switch data := v.Data().(type) {
		case float64:
			values = append(values, []float64{data})
		case []float64:
			values = append(values, slices.Clone(data))
		}
	}
	times = map[*G.Node]int{}
	for _, in := range e.program {
		times[in.node]++
	}
	return values, times
}

// TestRecomputing: the values are the same to the bit, and what is within a block is computed twice, once where another
// part of the forward pass reads it or the caller keeps it. The outputs of blocks are computed once.
func TestRecomputing(t *testing.T) {
	for _, c := range []struct {
		name        string
		skips, keep bool
		bounds      int // the first so many are given
		inner       int // times that the inner value of the first block is computed
	}{
		{"all blocks", false, false, 5, 2},
		{"the loss reads a block", true, false, 5, 1},
		{"a value is kept", false, true, 5, 1},
		{"the first two blocks", false, false, 3, 2},
		{"one bound", false, false, 1, 1},
		{"no bounds", false, false, 0, 1},
	} {
		net := newNetwork(t, 4, 100, c.skips)
		keep := []*G.Node{net.loss, net.grad}
		if c.keep {
			keep = append(keep, net.inner)
		}
		plain, err := New(net.g, keep...)
		if err != nil {
			t.Fatal(err)
		}
		want, once := results(t, plain, keep...)
		e, err := NewRecomputing(net.g, net.loss, net.bounds[:c.bounds], keep...)
		if err != nil {
			t.Fatal(err)
		}
		got, times := results(t, e, keep...)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: value %d is %v, want %v", c.name, i, got[i], want[i])
			}
		}
		if times[net.inner] != c.inner || once[net.inner] != 1 {
			t.Errorf("%s: the inner value is computed %d times, want %d", c.name, times[net.inner], c.inner)
		}
		for i, n := range net.bounds[1:] {
			if times[n] != 1 {
				t.Errorf("%s: the output of block %d is computed %d times", c.name, i, times[n])
			}
		}
	}
}

// TestRecomputingOrder: a block runs again only when the backward pass has come to it.
func TestRecomputingOrder(t *testing.T) {
	net := newNetwork(t, 4, 10, false)
	e, err := NewRecomputing(net.g, net.loss, net.bounds, net.loss, net.grad)
	if err != nil {
		t.Fatal(err)
	}
	seen, repeated := map[*G.Node]bool{}, 0
	var last *G.Node
	for _, in := range e.program {
		if seen[in.node] {
			if repeated++; in.node == net.inner {
				last = in.node
			} else if last != nil && in.inputs[0] != e.slots[net.bounds[0]] {
				t.Errorf("%v runs again after the first block", in.node)
			}
		}
		seen[in.node] = true
	}
	if repeated < 4 || last == nil {
		t.Errorf("%d ops run again", repeated)
	}
}

// TestRecomputingOfOthers: a node that is not in the graph is an error.
func TestRecomputingOfOthers(t *testing.T) {
	net, other := newNetwork(t, 1, 3, false), newNetwork(t, 1, 3, false)
	for _, bounds := range [][]*G.Node{{other.loss}, {net.bounds[0], other.bounds[1]}} {
		if _, err := NewRecomputing(net.g, net.loss, bounds, net.loss); err == nil {
			t.Error("no error")
		}
	}
	if _, err := NewRecomputing(net.g, other.loss, net.bounds, net.loss); err == nil {
		t.Error("no error for the loss")
	}
}
