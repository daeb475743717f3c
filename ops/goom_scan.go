package ops

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/goom"
	"goomtrain/internal/kernels/scan"
	"goomtrain/params"
)

// PrefixProducts is the scan of GOOM matrices, Y_t = X_1 X_2 ... X_t: x [2, ..., T, d, d] -> the same shape.
// Nothing leaves the range, however long the chain.
//
//	L_t = dy_t / Y_t + L_{t+1} X_{t+1}^T    dl_t = X_t * (Y_{t-1}^T L_t)
func PrefixProducts[F params.Float](x *G.Node) *G.Node {
	shapeOf("PrefixProducts", "x", x, 3)
	return affineScan[F]("PrefixProducts", x, nil, nil)
}

// AffineScan is the recurrence x_t = x_{t-1} A_t + B_t over GOOMs with a matrix for every step: a
// [2, ..., T, d, d], b [2, ..., T, n, d], x0 [2, ..., n, d] (nil: zero) -> x [2, ..., T, n, d].
//
//	L_t = dx_t / x_t + L_{t+1} A_{t+1}^T
//	dl_A_t = A_t * (x_{t-1}^T L_t)    dl_B_t = B_t * L_t    dl_x0 = x_0 * (L_1 A_1^T)
func AffineScan[F params.Float](a, b, x0 *G.Node) *G.Node {
	sa, sb := shapeOf("AffineScan", "a", a, 3), shapeOf("AffineScan", "b", b, 3)
	if x0 != nil {
		k := len(sb)
		wanted := append(slices.Clone(sb[:k-3]), sb[k-2:]...)
		if s := shapeOf("AffineScan", "x0", x0, 2); !slices.Equal(s, wanted) {
			panic(fmt.Sprintf("ops: AffineScan: x0 has shape %v, want %v for a %v and b %v", x0.Shape(), packed(wanted), sa, sb))
		}
	}
	return affineScan[F]("AffineScan", a, b, x0)
}

// affineScan omits b and x0 if they are nil.
func affineScan[F params.Float](name string, a, b, x0 *G.Node) *G.Node {
	shapes := [3]tensor.Shape{slices.Clone(a.Shape()[1:])} // of a, b, x0
	inputs, grads := G.Nodes{a}, []Gradient{GradPrimary}
	place := [3]int{0, -1, -1} // index of each among the inputs
	out := shapes[0]
	for i, n := range []*G.Node{b, x0} {
		if n != nil {
			shapes[i+1], place[i+1] = slices.Clone(n.Shape()[1:]), len(inputs)
			inputs, grads = append(inputs, n), append(grads, GradSide)
		}
	}
	var shapeB []int
	if b != nil {
		shapeB = shapes[1]
		out = shapes[1]
	}
	p := goom.NewScan[F](shapes[0], shapeB, x0 != nil, 0, goom.Options{Grad: true})
	operand := func(in Operands[F], i int) goom.Tensor[F] {
		if place[i] < 0 {
			return goom.Tensor[F]{}
		}
		return unpack(in.Floats(place[i]), shapes[i])
	}
	gradOf := func(grad [][]F, i int) []F {
		if place[i] < 0 {
			return nil
		}
		return logGrad(grad[place[i]])
	}
	return Apply(Definition[F]{
		Name:   name,
		Inputs: inputs,
		Grads:  grads,
		Out:    packed(out),
		Forward: func(y []F, in Operands[F]) {
			p.Forward(unpack(y, out), operand(in, 0), operand(in, 1), operand(in, 2))
		},
		Backward: func(grad [][]F, in Operands[F], y, dy []F) {
			p.Backward(gradOf(grad, 0), gradOf(grad, 1), gradOf(grad, 2), unpack(y, out),
				operand(in, 0), operand(in, 1), operand(in, 2), dy[:len(dy)/2])
		},
	})
}

// DiagScan is the diagonal recurrence x_t = a_t x_{t-1} + b_t along an axis, coefficients of any sign: a and
// b [..., T, ...], x0 without the axis -> x like a. Real numbers, not GOOMs; 10^7 steps are fine. A state
// that overflowed stays infinite, even if later coefficients bring the exact value back into range: goom.DiagScan
// computes such states, outside of a graph.
//
//	l_t = dx_t + a_{t+1} l_{t+1}    da_t = l_t x_{t-1}    db_t = l_t    dx0 = a_1 l_1
func DiagScan[F params.Float](a, b, x0 *G.Node, axis int) *G.Node {
	k := scan.NewDiag[F](diagSizes("DiagScan", a, b, x0, axis))
	return Apply(Definition[F]{
		Name:    "DiagScan",
		Inputs:  G.Nodes{a, b, x0},
		Grads:   []Gradient{GradPrimary, GradSide, GradSide},
		Out:     a.Shape(),
		Forward: func(x []F, in Operands[F]) { k.Forward(x, in.Floats(0), in.Floats(1), in.Floats(2)) },
		Backward: func(grad [][]F, in Operands[F], x, dx []F) {
			k.Backward(grad[0], grad[1], grad[2], in.Floats(0), x, in.Floats(2), dx)
		},
	})
}

// LogDiagScan is DiagScan of positive numbers given and returned as logarithms, whatever their magnitude:
// ln x_t = ln(exp(la_t + lx_{t-1}) + exp(lb_t)).
func LogDiagScan[F params.Float](la, lb, lx0 *G.Node, axis int) *G.Node {
	k := scan.NewLogDiag[F](diagSizes("LogDiagScan", la, lb, lx0, axis))
	return Apply(Definition[F]{
		Name:    "LogDiagScan",
		Inputs:  G.Nodes{la, lb, lx0},
		Grads:   []Gradient{GradPrimary, GradSide, GradSide},
		Out:     la.Shape(),
		Forward: func(lx []F, in Operands[F]) { k.Forward(lx, in.Floats(0), in.Floats(1), in.Floats(2)) },
		Backward: func(grad [][]F, in Operands[F], lx, dlx []F) {
			k.Backward(grad[0], grad[1], grad[2], in.Floats(0), in.Floats(1), lx, in.Floats(2), dlx)
		},
	})
}

// diagSizes checks the shapes of a diagonal scan of a [outer, T, inner] and returns these three.
func diagSizes(op string, a, b, x0 *G.Node, axis int) (outer, steps, inner int) {
	s := a.Shape()
	k := axis
	if k < 0 {
		k += len(s)
	}
	if k < 0 || k >= len(s) {
		panic(fmt.Sprintf("ops: %s: no axis %d in shape %v", op, axis, s))
	}
	want(op, "b", b, s...)
	rest := slices.Delete(slices.Clone(s), k, k+1)
	want(op, "x0", x0, rest...)
	return s[:k].TotalSize(), s[k], s[k+1:].TotalSize()
}
