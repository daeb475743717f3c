package ops

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/goom"
	"goomtrain/internal/simd"
)

// Generalized orders of magnitude in a graph: one node holds the GOOMs of shape [...] as a tensor
// [2, ...], the logarithms ln|x| first, then the signs. Gradients are with respect to the logarithms;
// those of the signs are zero. Such nodes come from GoomLog (or from a constant that holds both parts),
// pass through any of the ops below, and leave through GoomExp or GoomScaledExp. Their arithmetic,
// with what it says about zeros and infinities, is in package goom.

// shapeOf is the shape of the numbers in a GOOM node.
func shapeOf(op, operand string, x *G.Node, atLeast int) tensor.Shape {
	s := x.Shape()
	if len(s) < 1+atLeast || s[0] != 2 {
		panic(fmt.Sprintf("ops: %s: %s has shape %v, want GOOMs [2, ...] of at least %d dimensions (GoomLog makes them)", op, operand, s, atLeast))
	}
	return s[1:]
}

// packed is the shape of the node of GOOMs of that shape.
func packed(shape []int) tensor.Shape { return append(tensor.Shape{2}, shape...) }

// unpack sees a node's data as a tensor. The shape is kept by the op, so that nothing is allocated.
func unpack[F simd.Float](x []F, shape []int) goom.Tensor[F] {
	n := len(x) / 2
	return goom.Tensor[F]{Shape: shape, Log: x[:n:n], Sign: x[n:]}
}

// logGrad is the half of a gradient that is not zero; the other half is cleared.
func logGrad[F simd.Float](d []F) []F {
	if d == nil {
		return nil
	}
	n := len(d) / 2
	clear(d[n:])
	return d[:n:n]
}

// rangeGrain is how many elements of an elementwise op one core takes at a time.
const rangeGrain = 1 << 14

// GoomLog turns real numbers into GOOMs: x [...] -> [2, ...]. The gradient s/(|x| + eps) is finite at zero.
func GoomLog(x *G.Node) *G.Node {
	return dispatch(x, func() *G.Node { return goomLog[float32](x) }, func() *G.Node { return goomLog[float64](x) })
}

func goomLog[F simd.Float](x *G.Node) *G.Node {
	shape := slices.Clone(x.Shape())
	n := shape.TotalSize()
	var y goom.Tensor[F]
	var in, dl, dx []F
	forward := func(lo, hi int) { goom.Log(y.Log[lo:hi], y.Sign[lo:hi], in[lo:hi]) }
	backward := func(lo, hi int) { goom.LogGrad(dx[lo:hi], dl[lo:hi], in[lo:hi]) }
	return apply(definition[F]{
		name:   "GoomLog",
		inputs: G.Nodes{x},
		grads:  []gradient{primary},
		out:    packed(shape),
		forward: func(out []F, ins operands[F]) {
			y, in = unpack(out, shape), ins.floats(0)
			simd.ForRange(n, rangeGrain, forward)
		},
		backward: func(grad [][]F, ins operands[F], _, dout []F) {
			dx, dl, in = grad[0], dout[:n], ins.floats(0)
			simd.ForRange(n, rangeGrain, backward)
		},
	})
}

// GoomExp turns GOOMs into real numbers: x [2, ...] -> [...]. Numbers beyond the floats' range become zeros
// and infinities. GoomExp(GoomLog(x)) has derivative 1 everywhere.
func GoomExp(x *G.Node) *G.Node {
	shapeOf("GoomExp", "x", x, 0)
	return dispatch(x, func() *G.Node { return goomExp[float32](x) }, func() *G.Node { return goomExp[float64](x) })
}

func goomExp[F simd.Float](x *G.Node) *G.Node {
	shape := slices.Clone(x.Shape()[1:])
	n := shape.TotalSize()
	var in goom.Tensor[F]
	var y, dl, dy []F
	forward := func(lo, hi int) { goom.Exp(y[lo:hi], in.Log[lo:hi], in.Sign[lo:hi]) }
	backward := func(lo, hi int) { goom.ExpGrad(dl[lo:hi], dy[lo:hi], y[lo:hi]) }
	return apply(definition[F]{
		name:   "GoomExp",
		inputs: G.Nodes{x},
		grads:  []gradient{primary},
		out:    shape,
		forward: func(out []F, ins operands[F]) {
			y, in = out, unpack(ins.floats(0), shape)
			simd.ForRange(n, rangeGrain, forward)
		},
		backward: func(grad [][]F, _ operands[F], out, dout []F) {
			dl, y, dy = logGrad(grad[0]), out, dout
			simd.ForRange(n, rangeGrain, backward)
		},
	})
}

// LMME is the matrix product of GOOMs (log-matmul-exp): a [2, ..., n, k] times b [2, ..., k, m] ->
// [2, ..., n, m]; the leading dimensions broadcast.
//
//	y = ln|P Q| + c1 + c2, P = s1 e^(l1-c1), Q = s2 e^(l2-c2)
//	H = dy / (PQ)    dl1 = P * (H Q^T)    dl2 = Q * (P^T H)
func LMME(a, b *G.Node) *G.Node {
	shapeOf("LMME", "a", a, 2)
	shapeOf("LMME", "b", b, 2)
	return dispatch(a, func() *G.Node { return lmme[float32](a, b) }, func() *G.Node { return lmme[float64](a, b) })
}

func lmme[F simd.Float](a, b *G.Node) *G.Node {
	sa, sb := slices.Clone(a.Shape()[1:]), slices.Clone(b.Shape()[1:])
	p := goom.NewProduct[F](sa, sb, goom.Options{Grad: true})
	return apply(definition[F]{
		name:   "LMME",
		inputs: G.Nodes{a, b},
		grads:  []gradient{primary, side},
		out:    packed(p.Shape),
		forward: func(out []F, in operands[F]) {
			p.Forward(unpack(out, p.Shape), unpack(in.floats(0), sa), unpack(in.floats(1), sb))
		},
		backward: func(grad [][]F, in operands[F], out, dout []F) {
			p.Backward(logGrad(grad[0]), logGrad(grad[1]), unpack(in.floats(0), sa), unpack(in.floats(1), sb),
				unpack(out, p.Shape), dout[:len(dout)/2])
		},
	})
}

// LogSumExp is the signed sum of GOOMs x [2, ...] along an axis of their shape (0 is the first after the 2;
// negative: counted from the end), which the result lacks. Gradient: dl_i = dy * x_i / sum(x).
func LogSumExp(x *G.Node, axis int) *G.Node { return goomSums("LogSumExp", x, axis, goom.Total) }

// LogMeanExp is the mean along an axis.
func LogMeanExp(x *G.Node, axis int) *G.Node { return goomSums("LogMeanExp", x, axis, goom.Mean) }

// LogCumSumExp is the running sums along an axis, of x's shape. Gradient: dl_i = x_i * sum over t >= i of dy_t / y_t.
func LogCumSumExp(x *G.Node, axis int) *G.Node {
	return goomSums("LogCumSumExp", x, axis, goom.RunningSum)
}

// LogCumMeanExp is the running means along an axis.
func LogCumMeanExp(x *G.Node, axis int) *G.Node {
	return goomSums("LogCumMeanExp", x, axis, goom.RunningMean)
}

func goomSums(name string, x *G.Node, axis int, kind goom.Kind) *G.Node {
	shapeOf(name, "x", x, 1)
	return dispatch(x,
		func() *G.Node { return sums[float32](name, x, axis, kind) },
		func() *G.Node { return sums[float64](name, x, axis, kind) })
}

func sums[F simd.Float](name string, x *G.Node, axis int, kind goom.Kind) *G.Node {
	shape := slices.Clone(x.Shape()[1:])
	p := goom.NewSums[F](shape, axis, kind)
	return apply(definition[F]{
		name:    name,
		inputs:  G.Nodes{x},
		grads:   []gradient{primary},
		out:     packed(p.Shape),
		forward: func(out []F, in operands[F]) { p.Forward(unpack(out, p.Shape), unpack(in.floats(0), shape)) },
		backward: func(grad [][]F, in operands[F], out, dout []F) {
			p.Backward(logGrad(grad[0]), unpack(out, p.Shape), unpack(in.floats(0), shape), dout[:len(dout)/2])
		},
	})
}
