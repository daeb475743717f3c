package ops

import (
	"fmt"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/internal/kernels/kerneltest"
)

// TestDeltaRuleStreams: with a carry, one token after the other gives the bits of the whole sequence, and Reset begins again.
func TestDeltaRuleStreams(t *testing.T) {
	const batch, time = 2, 5
	size := DeltaSizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 3, Steps: 2}
	widths := []int{4, 2 * 4, 2 * 2 * 3, 2 * 2, 2}
	var data [][]float32
	for i, width := range widths {
		data = append(data, draw[float32](string(rune('a'+i)), batch*time*width))
	}
	// run returns the outputs of a graph of that many tokens, which it calls for all of them.
	run := func(tokens int, carry *DeltaCarry[float32]) (out [][]float32) {
		g := G.NewGraph()
		var x G.Nodes
		for _, width := range widths {
			x = append(x, G.NewTensor(g, tensor.Float32, 3, G.WithShape(batch, tokens, width)))
		}
		y := DeltaRule(x[0], x[1], x[2], x[3], x[4], size, nil, carry)
		vm, err := executor.New(g, y)
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < time; from += tokens {
			for i, width := range widths {
				part := kerneltest.Positions(data[i], batch, width, from, from+tokens)
				if err := G.Let(x[i], tensor.New(tensor.WithShape(batch, tokens, width), tensor.WithBacking(part))); err != nil {
					t.Fatal(err)
				}
			}
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			v, err := vm.Value(y)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, slices.Clone(floats[float32](v)))
		}
		return out
	}
	whole, width := run(time, nil)[0], size.ValueHeads*size.DValue
	carry := NewDeltaCarry[float32](batch, size)
	for range 2 {
		for token, got := range run(1, carry) {
			kerneltest.Identical(t, fmt.Sprint("token ", token), got, kerneltest.Positions(whole, batch, width, token, token+1))
		}
		carry.Reset()
	}
}
