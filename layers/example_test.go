package layers_test

import (
	"fmt"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// A mixer alone in a graph: what it maps, which parameters it has, and that it reads a sequence in pieces as it
// reads the whole.
func ExampleMixer() {
	set := params.NewSet[float32](1)
	var mixer layers.Mixer[float32] = layers.NewGOOMSSM(set.Sub("ssm"), 2, 4, 3, 8) // three hidden vectors of width 8
	for _, p := range set.All() {
		fmt.Println(p.Name, p.Shape, p.Role)
	}
	x := []float32{1, 0, 0, 1, 1, 1} // T = 3 positions of width 2
	read := func(g *layers.Graph[float32], x []float32) []float32 {
		y := mixer.Forward(g, g.Input("x", x, 1, len(x)/2, 2)) // [1, T, 2] -> [1, T, 4]
		run, err := executor.New(g.ExprGraph, y)
		if err != nil {
			panic(err)
		}
		if err := run.RunAll(); err != nil {
			panic(err)
		}
		v, err := run.Value(y)
		if err != nil {
			panic(err)
		}
		return v.Data().([]float32)
	}
	whole := read(layers.NewGraph[float32](1, 3), x)
	states := layers.NewStates()
	read(layers.NewStreaming[float32](1, 2, states), x[:4])
	last := read(layers.NewStreaming[float32](1, 1, states), x[4:])
	fmt.Printf("%.3f\n%.3f\n", whole[8:], last)
	// Output:
	// ssm.init_states [3 8] state
	// ssm.A [8 8] recurrent
	// ssm.B [2 24] matrix
	// ssm.C [24 4] matrix
	// ssm.D [2 4] matrix
	// [2.133 -1.276 0.747 6.645]
	// [2.133 -1.276 0.747 6.645]
}

// A custom residual block: x + Dropout(Linear(GLU(mixer(LayerNorm(x))))).
func Example_block() {
	const width = 8
	set := params.NewSet[float32](1)
	norm := layers.NewLayerNorm(set.Sub("norm"), width)
	mixer := layers.NewSoftmaxAttention(set, width, 2, width, true) // two heads of that width
	out := layers.NewLinear(set.Sub("out"), mixer.Out()/2, width, true)
	dropout := layers.NewDropout(set, 0.1)

	g := layers.NewTraining[float32](2, 5, ops.NewNoise(1))                 // B = 2, T = 5
	x := g.Input("x", make([]float32, 2*5*width), 2, 5, width)              // [B, T, D]
	y := mixer.Forward(g, norm.Forward(g, x))                               // [B, T, 2D]
	fmt.Println(out.ForwardAdd(g, ops.GLU[float32](y), x, dropout).Shape()) // [B, T, D]
	// Output:
	// (2, 5, 8)
}
