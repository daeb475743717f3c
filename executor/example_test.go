package executor_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
)

func Example() {
	g := G.NewGraph()
	x := G.NewVector(g, tensor.Float64, G.WithShape(2), G.WithName("x"))
	y := G.Must(G.Add(x, G.Must(G.Square(x))))
	run, err := executor.New(g, y)
	if err != nil {
		panic(err)
	}
	for _, values := range [][]float64{{1, 2}, {3, 4}} {
		if err := G.Let(x, tensor.New(tensor.WithShape(2), tensor.WithBacking(values))); err != nil {
			panic(err)
		}
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
	// [2 6]
	// [12 20]
}
