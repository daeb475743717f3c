package ops

import (
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// want panics, naming op and operand, unless the node has that shape. -1 stands for any size.
func want(op, operand string, n *G.Node, dims ...int) {
	s := n.Shape()
	ok := len(s) == len(dims)
	for i := range dims {
		ok = ok && (dims[i] < 0 || s[i] == dims[i])
	}
	if !ok {
		text := make([]string, len(dims))
		for i, d := range dims {
			if text[i] = fmt.Sprint(d); d < 0 {
				text[i] = "any"
			}
		}
		panic(fmt.Sprintf("ops: %s: %s has shape %v, want [%s]", op, operand, s, strings.Join(text, " ")))
	}
}

// split returns the shape of a tensor of rows: the product of all leading dimensions, and the last.
func split(s tensor.Shape) (rows, width int) {
	width = s[len(s)-1]
	rows = 1
	for _, d := range s[:len(s)-1] {
		rows *= d
	}
	return rows, width
}

// withWidth returns the shape with another last dimension, [width] for a scalar.
func withWidth(s tensor.Shape, width int) tensor.Shape {
	if len(s) == 0 {
		return tensor.Shape{width}
	}
	out := s.Clone()
	out[len(out)-1] = width
	return out
}
