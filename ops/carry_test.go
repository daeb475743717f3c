package ops

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/params"
)

// TestCarriesContinue: a graph of two positions that is run three times with a carry gives what a graph of six does, and
// after Reset the same again.
func TestCarriesContinue(t *testing.T) {
	const batch, channels, time, part = 2, 3, 6, 2
	type carry interface { // layers.State
		Reset()
		Arrays(prefix string) []params.Array
	}
	conv, s4d := NewConvCarry[float64](batch, channels, 4), NewS4DCarry[float64](batch, channels, 2)
	for name, c := range map[string]struct {
		carry  carry
		shapes [][]int // of the operands but x
		build  func(x *G.Node, f []*G.Node, streams bool) *G.Node
	}{
		"ShortConv": {conv, [][]int{{channels, 1, 4}, {channels}}, func(x *G.Node, f []*G.Node, streams bool) *G.Node {
			if streams {
				return ShortConv[float64](x, f[0], f[1], true, nil, conv)
			}
			return ShortConv[float64](x, f[0], f[1], true, nil, nil)
		}},
		"S4D": {s4d, [][]int{{channels}, {channels, 2}, {channels, 2}, {channels, 2, 2}, {channels}}, func(x *G.Node, f []*G.Node, streams bool) *G.Node {
			if streams {
				return S4D[float64](x, f[0], f[1], f[2], f[3], f[4], nil, s4d)
			}
			return S4D[float64](x, f[0], f[1], f[2], f[3], f[4], nil, nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			// graph returns a function that runs the op on x
			graph := func(steps int, streams bool) func(x []float64) []float64 {
				g := G.NewGraph()
				leaf := func(stream string, shape ...int) *G.Node {
					return G.NewTensor(g, tensor.Float64, len(shape), G.WithShape(shape...), G.WithName(stream),
						G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(draw[float64](name+stream, tensor.Shape(shape).TotalSize())))))
				}
				in := leaf("x", batch, steps, channels)
				var others []*G.Node
				for i, shape := range c.shapes {
					others = append(others, leaf(string(rune('a'+i)), shape...))
				}
				y := c.build(in, others, streams)
				vm, err := executor.New(g, y)
				if err != nil {
					t.Fatal(err)
				}
				return func(x []float64) []float64 {
					copy(floats[float64](in.Value()), x)
					if err := vm.RunAll(); err != nil {
						t.Fatal(err)
					}
					v, err := vm.Value(y)
					if err != nil {
						t.Fatal(err)
					}
					return append([]float64(nil), floats[float64](v)...)
				}
			}
			x := draw[float64]("x", batch*time*channels)
			want, stream := graph(time, false)(x), graph(part, true)
			for range 2 {
				for lo := 0; lo < time; lo += part {
					got := stream(kerneltest.Positions(x, batch, channels, lo, lo+part))
					kerneltest.Near(t, "y", got, kerneltest.Positions(want, batch, channels, lo, lo+part), 1e-13)
				}
				c.carry.Reset()
			}
			if arrays := c.carry.Arrays("layer."); len(arrays) != 1 || arrays[0].Shape[0] != batch {
				t.Errorf("the carry has the arrays %+v", arrays)
			}
		})
	}
}
