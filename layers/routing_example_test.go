package layers_test

import (
	"fmt"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/params"
)

// Sequences of up to three vectors are routed to two outputs. The last vector of the second sequence is padding: no
// output gives it credit.
func ExampleVectorRouting() {
	set := params.NewSet[float32](1)
	routing := layers.NewVectorRouting(set.Sub("pool"), layers.VectorRoutingOptions{In: -1, Out: 2, DIn: 4, DOut: 3, Iterations: 2, Normalize: true})
	x := []float32{ // [2, 3, 4]
		1, 0, 0, 1, 0, 2, 0, 0, 1, 1, -1, 0,
		0, 0, 1, 1, 2, 1, 0, 1, 9, 9, 9, 9,
	}
	mask := []int32{0, 0, 0, 0, 0, 1} // [2, 3], not 0: ignored

	g := layers.NewGraph[float32](2, 3)
	out, phi := routing.Apply(g, g.Input("x", x, 2, 3, 4), g.Input("mask", mask, 2, 3))
	run, err := executor.New(g.ExprGraph, out, phi)
	if err != nil {
		panic(err)
	}
	if err := run.RunAll(); err != nil {
		panic(err)
	}
	fmt.Println("out", out.Shape(), "phi", phi.Shape())
	credit, err := run.Value(phi)
	if err != nil {
		panic(err)
	}
	for i, c := range credit.Data().([]float32) {
		fmt.Printf("%6.2f", c)
		if i%6 == 5 {
			fmt.Println()
		}
	}
	// Output:
	// out (2, 2, 3) phi (2, 3, 2)
	//   0.07 -0.18  0.15 -0.21 -0.01 -0.34
	//   0.15 -0.01  0.04 -0.44  0.00  0.00
}
