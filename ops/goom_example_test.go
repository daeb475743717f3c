package ops_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/ops"
)

// constant is a leaf of an example's graph.
func constant(g *G.ExprGraph, name string, shape []int, values ...float64) *G.Node {
	n := G.NewTensor(g, tensor.Float64, len(shape), G.WithShape(shape...), G.WithName(name))
	if err := G.Let(n, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))); err != nil {
		panic(err)
	}
	return n
}

// show runs the graph and prints a node and the gradients of its sum.
func show(y *G.Node, wrt ...*G.Node) {
	grads, err := G.Grad(G.Must(G.Sum(y)), wrt...)
	if err != nil {
		panic(err)
	}
	run, err := executor.New(y.Graph(), append(G.Nodes{y}, grads...)...)
	if err != nil {
		panic(err)
	}
	if err := run.RunAll(); err != nil {
		panic(err)
	}
	for _, n := range append(G.Nodes{y}, grads...) {
		v, err := run.Value(n)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%.4g\n", v.Data())
	}
}

func ExampleGoomLog() {
	x := constant(G.NewGraph(), "x", []int{3}, 1, -10, 1e-3)
	show(ops.GoomLog[float64](x), x) // logarithms, then signs; the sum's gradient is that of both, signs have none
	// Output:
	// [0 2.303 -6.908 1 -1 1]
	// [1 -0.1 1000]
}

func ExampleGoomExp() {
	x := constant(G.NewGraph(), "x", []int{3}, 1, -10, 0)
	show(ops.GoomExp[float64](ops.GoomLog[float64](x)), x)
	// Output:
	// [1 -10 0]
	// [1 1 1]
}

func ExampleLMME() {
	g := G.NewGraph()
	a := constant(g, "a", []int{1, 2}, 2, 3)
	b := constant(g, "b", []int{2, 1}, 10, -1)
	show(ops.GoomExp[float64](ops.LMME[float64](ops.GoomLog[float64](a), ops.GoomLog[float64](b))), a, b)
	// Output:
	// [17]
	// [10 -1]
	// [2 3]
}

func ExampleLogSumExp() {
	x := constant(G.NewGraph(), "x", []int{2, 2}, 1, 2, 3, -4)
	show(ops.GoomExp[float64](ops.LogSumExp[float64](ops.GoomLog[float64](x), 1)), x)
	// Output:
	// [3 -1]
	// [1 1 1 1]
}

func ExampleLogMeanExp() {
	x := constant(G.NewGraph(), "x", []int{2, 2}, 1, 2, 3, -4)
	show(ops.GoomExp[float64](ops.LogMeanExp[float64](ops.GoomLog[float64](x), 1)), x)
	// Output:
	// [1.5 -0.5]
	// [0.5 0.5 0.5 0.5]
}

func ExampleLogCumSumExp() {
	x := constant(G.NewGraph(), "x", []int{4}, 1, 2, 3, -4)
	show(ops.GoomExp[float64](ops.LogCumSumExp[float64](ops.GoomLog[float64](x), 0)), x)
	// Output:
	// [1 3 6 2]
	// [4 3 2 1]
}

func ExampleLogCumMeanExp() {
	x := constant(G.NewGraph(), "x", []int{4}, 1, 2, 3, -4)
	show(ops.GoomExp[float64](ops.LogCumMeanExp[float64](ops.GoomLog[float64](x), 0)), x)
	// Output:
	// [1 1.5 2 0.5]
	// [2.083 1.083 0.5833 0.25]
}

func ExamplePrefixProducts() {
	x := constant(G.NewGraph(), "x", []int{3, 1, 1}, 2, 3, -5) // three matrices [1, 1]
	show(ops.GoomExp[float64](ops.PrefixProducts[float64](ops.GoomLog[float64](x))), x)
	// Output:
	// [2 6 -30]
	// [-11 -8 6]
}

func ExampleAffineScan() {
	g := G.NewGraph()
	a := constant(g, "a", []int{2, 1, 1}, 2, 3)
	b := constant(g, "b", []int{2, 1, 1}, 1, -1)
	x0 := constant(g, "x0", []int{1, 1}, 5)
	show(ops.GoomExp[float64](ops.AffineScan[float64](ops.GoomLog[float64](a), ops.GoomLog[float64](b), ops.GoomLog[float64](x0))), a, b, x0)
	// Output:
	// [11 32]
	// [20 11]
	// [4 1]
	// [8]
}

func ExampleDiagScan() {
	g := G.NewGraph()
	a := constant(g, "a", []int{1, 3}, 2, -1, 3)
	b := constant(g, "b", []int{1, 3}, 1, 1, 1)
	x0 := constant(g, "x0", []int{1}, 1)
	show(ops.DiagScan[float64](a, b, x0, 1), a, b, x0)
	// Output:
	// [3 -2 -5]
	// [-3 12 -2]
	// [-3 4 1]
	// [-6]
}

func ExampleLogDiagScan() {
	g := G.NewGraph()
	la := constant(g, "la", []int{1, 3}, 1e6, 1e6, -3e6)
	lb := constant(g, "lb", []int{1, 3}, 0, 0, 0)
	lx0 := constant(g, "lx0", []int{1}, 0)
	show(ops.LogDiagScan[float64](la, lb, lx0, 1), la)
	// Output:
	// [1e+06 2e+06 0]
	// [2 1 0]
}
