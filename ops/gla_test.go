package ops

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
)

// TestDecays compares fixed decays with their values by hand.
func TestDecays(t *testing.T) {
	for name, c := range map[string]struct{ got, want []float64 }{
		"retention":                           {RetentionDecays(2), []float64{math.Log(31. / 32), math.Log(63. / 64)}},
		"the first of 3 layers, 2 heads":      {LightningDecays(2, 0, 3), []float64{-1.00001 / 16, -1.00001 / 256}},
		"the second":                          {LightningDecays(2, 1, 3), []float64{-0.50001 / 16, -0.50001 / 256}},
		"the last":                            {LightningDecays(2, 2, 3), []float64{-0.00001 / 16, -0.00001 / 256}},
		"the only layer":                      {LightningDecays(1, 0, 1), []float64{-1.00001 / 256}},
		"3 heads: those of 2, and one from 4": {LightningDecays(3, 0, 2), []float64{-1.00001 / 16, -1.00001 / 256, -1.00001 / 4}},
	} {
		if len(c.got) != len(c.want) {
			t.Fatalf("%s: %v, want %v", name, c.got, c.want)
		}
		for h, want := range c.want {
			if math.Abs(c.got[h]-want) > 1e-15 {
				t.Errorf("%s: head %d: %v, want %v", name, h, c.got[h], want)
			}
		}
	}
}

// TestGLAStreams: with a carry, token by token, the outputs are those of the whole sequence; after Reset it begins
// again.
func TestGLAStreams(t *testing.T) {
	const b, n = 2, 7
	size := GLASizes{Heads: 2, DKey: 3, DValue: 2}
	q, k, v, gk := draw[float32]("q", b*n*6), draw[float32]("k", b*n*6), draw[float32]("v", b*n*4), draw[float32]("gk", b*n*6)
	build := func(time int, carry *GLACarry[float32]) (inputs [4][]float32, run func() []float32) {
		g, nodes := G.NewGraph(), make(G.Nodes, 4)
		for i, width := range []int{6, 6, 4, 6} {
			inputs[i] = make([]float32, b*time*width)
			nodes[i] = G.NewTensor(g, tensor.Float32, 3, G.WithShape(b, time, width), G.WithName("qkvg"[i:i+1]),
				G.WithValue(tensor.New(tensor.WithShape(b, time, width), tensor.WithBacking(inputs[i]))))
		}
		o := GLA[float32](nodes[0], nodes[1], nodes[2], nodes[3], size, nil, carry)
		vm, err := executor.New(g, o)
		if err != nil {
			t.Fatal(err)
		}
		return inputs, func() []float32 {
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			value, err := vm.Value(o)
			if err != nil {
				t.Fatal(err)
			}
			return floats[float32](value)
		}
	}
	inputs, run := build(n, nil)
	for i, x := range [][]float32{q, k, v, gk} {
		copy(inputs[i], x)
	}
	want := run()
	carry := NewGLACarry[float32](b, size)
	token, step := build(1, carry)
	for range 2 {
		carry.Reset()
		for at := range n {
			for i, x := range [][]float32{q, k, v, gk} {
				width := len(x) / (b * n)
				for batch := range b {
					copy(token[i][batch*width:(batch+1)*width], x[(batch*n+at)*width:])
				}
			}
			for i, got := range step() {
				if w := want[(i/4*n+at)*4+i%4]; math.Abs(float64(got-w)) > 1e-5*math.Max(1, math.Abs(float64(w))) {
					t.Fatalf("token %d: output %d is %v, want %v", at, i, got, w)
				}
			}
		}
	}
}
