package ops_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/ops"
)

// A linear layer and its gradient in a plain Gorgonia graph.
func ExampleLinear() {
	g := G.NewGraph()
	input := func(name string, shape []int, values ...float32) *G.Node {
		n := G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name))
		if err := G.Let(n, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))); err != nil {
			panic(err)
		}
		return n
	}
	x := input("x", []int{2, 3}, 1, 2, 3, 4, 5, 6)
	w := input("w", []int{2, 3}, 1, 0, 0, 0, 1, 1) // [out, in]
	y := ops.Linear[float32](x, w, nil, nil)
	loss := G.Must(G.Sum(y))
	grads, err := G.Grad(loss, w)
	if err != nil {
		panic(err)
	}
	run, err := executor.New(g, y, grads[0])
	if err != nil {
		panic(err)
	}
	if err := run.RunAll(); err != nil {
		panic(err)
	}
	for _, n := range []*G.Node{y, grads[0]} {
		v, err := run.Value(n)
		if err != nil {
			panic(err)
		}
		fmt.Println(v.Data())
	}
	// Output:
	// [1 5 4 11]
	// [5 7 9 5 7 9]
}

// A number of x is dropped or doubled; another step drops others, the same step the same ones.
func ExampleDropout() {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 2, G.WithShape(2, 4), G.WithName("x"))
	if err := G.Let(x, tensor.New(tensor.WithShape(2, 4), tensor.WithBacking([]float32{1, 1, 1, 1, 1, 1, 1, 1}))); err != nil {
		panic(err)
	}
	noise := ops.NewNoise(1)
	y := ops.Dropout[float32](x, nil, 0.5, "blocks.0.dropout", noise)
	run, err := executor.New(g, y)
	if err != nil {
		panic(err)
	}
	for _, noise.Step = range []int64{1, 2, 1} {
		if err := run.RunAll(); err != nil {
			panic(err)
		}
		v, err := run.Value(y)
		if err != nil {
			panic(err)
		}
		fmt.Println(v.Data())
	}
	// Output:
	// [0 2 0 2 2 2 2 2]
	// [2 0 2 2 2 0 2 0]
	// [0 2 0 2 2 2 2 2]
}
