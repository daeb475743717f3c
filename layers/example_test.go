package layers_test

import (
	"fmt"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/params"
)

// A residual block of the GOOM RNN on a batch of zeros, whose own states are not zero.
func ExampleRecurrentBlock() {
	set := params.NewSet[float32](1)
	block := layers.NewRecurrentBlock(set.Sub("block"), 8, 2, 4) // D = 8, two hidden vectors of width 4
	for _, p := range set.All() {
		fmt.Println(p.Name, p.Shape, p.Role)
	}
	g := layers.NewGraph[float32](2, 3)                                  // B = 2, T = 3
	y := block.Forward(g, g.Input("x", make([]float32, 2*3*8), 2, 3, 8)) // [B, T, D]
	run, err := executor.New(g.ExprGraph, y)
	if err != nil {
		panic(err)
	}
	if err := run.RunAll(); err != nil {
		panic(err)
	}
	fmt.Println(y.Shape())
	// Output:
	// block.lnorm.weight [8] vector
	// block.lnorm.bias [8] vector
	// block.ssm_over_gooms.init_states [2 4] state
	// block.ssm_over_gooms.A [4 4] recurrent
	// block.ssm_over_gooms.B [8 8] matrix
	// block.ssm_over_gooms.C [8 16] matrix
	// block.ssm_over_gooms.D [8 16] matrix
	// block.feedfwd.1.weight [8 8] matrix
	// (2, 3, 8)
}
