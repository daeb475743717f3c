package ops

import (
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/params"
)

// vectorRoutingShapes are the shapes of x and of the parameters.
func vectorRoutingShapes(batch, n, m, d, h int, shared bool) [][]int {
	x := []int{batch, n, d}
	if shared {
		return [][]int{x, {1, d}, {1}, {m, d}, {d, h}, {m, h}, {h, d}, {m, d}, {m, d}, {1, m}, {1, m}, {m, d}, {m, d}, {m}, {m}}
	}
	return [][]int{x, {n, d}, {n}, {m, d}, {d, h}, {m, h}, {h, d}, {m, d}, {m, d}, {n, m}, {n, m}, {n, m}, {n, m}}
}

func vectorRoutingNodes(f []*G.Node) VectorRoutingParameters {
	p := VectorRoutingParameters{WA: f[1], BA: f[2], WF1: f[3], WF2: f[4], BF2: f[5], WG1: f[6], WG2: f[7], BG2: f[8], WS: f[9], BS: f[10], Use: f[11], Ign: f[12]}
	if len(f) > 13 {
		p.UseBias, p.IgnBias = f[13], f[14]
	}
	return p
}

// routed returns the sum of the squares of both outputs.
func routed[F params.Float](f []*G.Node, mask *G.Node, iterations int, normalize bool) *G.Node {
	out, phi := VectorRouting[F](f[0], mask, vectorRoutingNodes(f), iterations, normalize)
	return squares[F](out, phi)
}

func matrixRoutingNodes(w, b, use, ign *G.Node) MatrixRoutingParameters {
	return MatrixRoutingParameters{W: w, B: b, Use: use, Ign: ign}
}

// routedMatrices returns the sum of the squares of all outputs.
func routedMatrices[F params.Float](f []*G.Node, mask *G.Node, kMeans bool) *G.Node {
	out := MatrixRouting[F](f[0], f[1], mask, matrixRoutingNodes(f[2], f[3], f[4], f[5]), MatrixRoutingOptions{Iterations: 3, KMeans: kMeans, Epsilon: 0.1})
	return squares[F](out.Mu, out.A, out.Sigma2, out.Phi)
}

// squares is the sum of the squares of all elements of some nodes.
func squares[F params.Float](nodes ...*G.Node) *G.Node {
	return Apply(Definition[F]{
		Name: "squares", Inputs: nodes, Grads: []Gradient{GradPrimary, GradSide, GradSide, GradSide}[:len(nodes)], Out: tensor.Shape{},
		Forward: func(out []F, in Operands[F]) {
			out[0] = 0
			for i := range nodes {
				for _, v := range in.Floats(i) {
					out[0] += v * v
				}
			}
		},
		Backward: func(grads [][]F, in Operands[F], _, dout []F) {
			for i, grad := range grads {
				for j, v := range in.Floats(i) {
					grad[j] = 2 * v * dout[0]
				}
			}
		},
	})
}

// TestVectorRoutingRefuses: what does not fit panics with the op, the operand and what is wanted.
func TestVectorRoutingRefuses(t *testing.T) {
	for says, change := range map[string]func(f []*G.Node) []*G.Node{
		"x has shape (2, 4), want [any any any]": func(f []*G.Node) []*G.Node { f[0] = leaf(f[0].Graph(), tensor.Float32, 2, 4); return f },
		"WA has shape (5, 4), want [6 4]":        func(f []*G.Node) []*G.Node { f[0] = leaf(f[0].Graph(), tensor.Float32, 2, 6, 4); return f },
		"WF2 has shape (4, 6), want [3 any]":     func(f []*G.Node) []*G.Node { f[0] = leaf(f[0].Graph(), tensor.Float32, 2, 5, 3); return f },
		"WF1 has shape (3, 3), want [any 4]":     func(f []*G.Node) []*G.Node { f[3] = leaf(f[0].Graph(), tensor.Float32, 3, 3); return f },
		"WA has shape (5, 4), want [1 4]": func(f []*G.Node) []*G.Node {
			return append(f, leaf(f[0].Graph(), tensor.Float32, 3), leaf(f[0].Graph(), tensor.Float32, 3))
		},
		"one of UseBias and IgnBias is nil": func(f []*G.Node) []*G.Node { return append(f, nil, leaf(f[0].Graph(), tensor.Float32, 3)) },
		"BG2 has shape (3, 6), want [3 4]":  func(f []*G.Node) []*G.Node { f[8] = leaf(f[0].Graph(), tensor.Float32, 3, 6); return f },
	} {
		g := G.NewGraph()
		var f []*G.Node
		for _, shape := range vectorRoutingShapes(2, 5, 3, 4, 6, false) {
			f = append(f, leaf(g, tensor.Float32, shape...))
		}
		f = change(f)
		if message := panicOf(func() { VectorRouting[float32](f[0], nil, vectorRoutingNodes(f), 2, true) }); !strings.Contains(message, "ops: VectorRouting: "+says) {
			t.Errorf("panic %q, want %q", message, says)
		}
	}
	g := G.NewGraph()
	var f []*G.Node
	for _, shape := range vectorRoutingShapes(2, 5, 3, 4, 6, false) {
		f = append(f, leaf(g, tensor.Float32, shape...))
	}
	if message := panicOf(func() { VectorRouting[float32](f[0], nil, vectorRoutingNodes(f), 0, true) }); !strings.Contains(message, "0 iterations, want at least 1") {
		t.Errorf("panic %q", message)
	}
	for says, mask := range map[string]*G.Node{
		"mask has shape (2, 4), want [2 5]":         leaf(g, tensor.Int32, 2, 4),
		"mask has shape (1, 5, 2), want [1 5 3]":    leaf(g, tensor.Int32, 1, 5, 2),
		"mask has shape (3, 5, 3), want [2 5 3]":    leaf(g, tensor.Int32, 3, 5, 3),
		"mask has shape (5), want [2 5 3]":          leaf(g, tensor.Int32, 5),
		"mask has elements of type float32, want i": leaf(g, tensor.Float32, 2, 5),
	} {
		if message := panicOf(func() { VectorRouting[float32](f[0], mask, vectorRoutingNodes(f), 2, true) }); !strings.Contains(message, "ops: VectorRouting: "+says) {
			t.Errorf("panic %q, want %q", message, says)
		}
	}
}
