package ops

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/internal/kernels/kerneltest"
)

// TestInputRecurrencesContinue: a graph of two steps that is run three times with a carry gives what a graph of six does,
// and after Reset the same again.
func TestInputRecurrencesContinue(t *testing.T) {
	const batch, heads, rows, width, time, part = 2, 2, 1, 3, 6, 2
	const state, matrices = heads * rows * width, heads * width * width
	for name, build := range map[string]func(leaf func(shape ...int) *G.Node, steps int, carry *Carry[float64]) *G.Node{
		"RecurrenceFull": func(leaf func(shape ...int) *G.Node, steps int, carry *Carry[float64]) *G.Node {
			return RecurrenceFull(leaf(batch, steps, state), leaf(batch, steps, matrices), leaf(heads, rows, width), nil, carry)
		},
		"RecurrenceLinear": func(leaf func(shape ...int) *G.Node, steps int, carry *Carry[float64]) *G.Node {
			return RecurrenceLinear(leaf(batch, steps, state), leaf(batch, steps, 4), leaf(4, matrices), leaf(heads, rows, width), nil, carry)
		},
		"RecurrenceTable": func(leaf func(shape ...int) *G.Node, steps int, carry *Carry[float64]) *G.Node {
			return RecurrenceTable(leaf(batch, steps, state), leaf(batch, steps), leaf(3, matrices), leaf(heads, rows, width), nil, carry)
		},
		"RecurrenceHouseholder": func(leaf func(shape ...int) *G.Node, steps int, carry *Carry[float64]) *G.Node {
			return RecurrenceHouseholder(leaf(batch, steps, state), leaf(batch, steps, 2*state), leaf(batch, steps, 2*heads), leaf(batch, steps, heads), leaf(heads, rows, width), nil, carry)
		},
	} {
		t.Run(name, func(t *testing.T) {
			// graph returns a function that runs the op on steps from lo on
			graph := func(steps int, carry *Carry[float64]) func(lo int) []float64 {
				g, set := G.NewGraph(), []func(lo int){}
				y := build(func(shape ...int) *G.Node {
					stream, n := fmt.Sprint(name, len(set)), tensor.Shape(shape).TotalSize()
					if len(shape) == 2 && shape[0] == batch { // tokens, which are the numbers of the steps
						tokens := make([]int32, n)
						set = append(set, func(lo int) {
							for i := range tokens {
								tokens[i] = int32((lo + i%steps) % 3)
							}
						})
						return G.NewTensor(g, tensor.Int32, 2, G.WithShape(shape...), G.WithName(stream),
							G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(tokens))))
					}
					x := draw[float64](stream, n)
					set = append(set, func(lo int) {
						if len(shape) == 3 && shape[0] == batch && shape[1] == steps {
							copy(x, kerneltest.Positions(draw[float64](stream, n/steps*time), batch, shape[2], lo, lo+steps))
						}
					})
					return G.NewTensor(g, tensor.Float64, len(shape), G.WithShape(shape...), G.WithName(stream),
						G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))))
				}, steps, carry)
				vm, err := executor.New(g, y)
				if err != nil {
					t.Fatal(err)
				}
				return func(lo int) []float64 {
					for _, f := range set {
						f(lo)
					}
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
			carry := NewCarry[float64](batch, heads*rows, width)
			want, stream := graph(time, nil)(0), graph(part, carry)
			for range 2 {
				for lo := 0; lo < time; lo += part {
					kerneltest.Near(t, "z", stream(lo), kerneltest.Positions(want, batch, state, lo, lo+part), 1e-12)
				}
				carry.Reset()
			}
		})
	}
}
