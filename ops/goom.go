package ops

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/goom"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Generalized orders of magnitude in a graph: one node holds the GOOMs of shape [...] as a tensor [2, ...],
// first the logarithms ln|x|, then the signs. Gradients are with respect to the logarithms; those of the signs
// are zero. GoomLog makes such nodes, or a constant that holds both parts; the ops below compute with them;
// GoomExp converts them to real numbers. Package goom has the arithmetic, and the rules for zeros and
// infinities.

// shapeOf returns the shape of the numbers in a GOOM node.
func shapeOf(op, operand string, x *G.Node, atLeast int) tensor.Shape {
	s := x.Shape()
	if len(s) < 1+atLeast || s[0] != 2 {
		panic(fmt.Sprintf("ops: %s: %s has shape %v, want GOOMs [2, ...] of at least %d dimensions (GoomLog makes them)", op, operand, s, atLeast))
	}
	return s[1:]
}

// packed returns the shape of a node of GOOMs of that shape.
func packed(shape []int) tensor.Shape { return append(tensor.Shape{2}, shape...) }

// unpack returns the data of a node as a tensor. The op keeps the shape, so that nothing is allocated.
func unpack[F params.Float](x []F, shape []int) goom.Tensor[F] {
	n := len(x) / 2
	return goom.Tensor[F]{Shape: shape, Log: x[:n:n], Sign: x[n:]}
}

// logGrad returns the half of a gradient that belongs to the logarithms, and clears the other half.
func logGrad[F params.Float](d []F) []F {
	if d == nil {
		return nil
	}
	n := len(d) / 2
	clear(d[n:])
	return d[:n:n]
}

// GoomLog converts real numbers to GOOMs: x [...] -> [2, ...]. The gradient s/(|x| + eps) is finite at zero.
func GoomLog[F params.Float](x *G.Node) *G.Node {
	shape := slices.Clone(x.Shape())
	n := shape.TotalSize()
	var y goom.Tensor[F]
	var in, dl, dx []F
	forward := func(lo, hi int) { goom.Log(y.Log[lo:hi], y.Sign[lo:hi], in[lo:hi]) }
	backward := func(lo, hi int) { goom.LogGrad(dx[lo:hi], dl[lo:hi], in[lo:hi]) }
	return Apply(Definition[F]{
		Name:   "GoomLog",
		Cut:    Positionwise,
		Inputs: G.Nodes{x},
		Grads:  []Gradient{GradPrimary},
		Out:    packed(shape),
		Forward: func(out []F, ins Operands[F]) {
			y, in = unpack(out, shape), ins.Floats(0)
			simd.ForRange(n, simd.Grain, forward)
		},
		Backward: func(grad [][]F, ins Operands[F], _, dout []F) {
			dx, dl, in = grad[0], dout[:n], ins.Floats(0)
			simd.ForRange(n, simd.Grain, backward)
		},
	})
}

// GoomExp converts GOOMs to real numbers: x [2, ...] -> [...]. Numbers beyond the range of floats become zeros
// and infinities. GoomExp(GoomLog(x)) has derivative 1 everywhere.
func GoomExp[F params.Float](x *G.Node) *G.Node {
	shape := shapeOf("GoomExp", "x", x, 0)
	n := shape.TotalSize()
	var in goom.Tensor[F]
	var y, dl, dy []F
	forward := func(lo, hi int) { goom.Exp(y[lo:hi], in.Log[lo:hi], in.Sign[lo:hi]) }
	backward := func(lo, hi int) { goom.ExpGrad(dl[lo:hi], dy[lo:hi], y[lo:hi]) }
	return Apply(Definition[F]{
		Name:   "GoomExp",
		Cut:    Positionwise,
		Inputs: G.Nodes{x},
		Grads:  []Gradient{GradPrimary},
		Out:    shape,
		Forward: func(out []F, ins Operands[F]) {
			y, in = out, unpack(ins.Floats(0), shape)
			simd.ForRange(n, simd.Grain, forward)
		},
		Backward: func(grad [][]F, _ Operands[F], out, dout []F) {
			dl, y, dy = logGrad(grad[0]), out, dout
			simd.ForRange(n, simd.Grain, backward)
		},
	})
}

// LMME is the matrix product of GOOMs (log-matmul-exp): a [2, ..., n, k] times b [2, ..., k, m] ->
// [2, ..., n, m]; the leading dimensions broadcast.
//
//	y = ln|P Q| + c1 + c2, P = s1 e^(l1-c1), Q = s2 e^(l2-c2)
//	H = dy / (PQ)    dl1 = P * (H Q^T)    dl2 = Q * (P^T H)
func LMME[F params.Float](a, b *G.Node) *G.Node {
	sa, sb := shapeOf("LMME", "a", a, 2), shapeOf("LMME", "b", b, 2)
	p := goom.NewProduct[F](sa, sb, goom.Options{Grad: true})
	return Apply(Definition[F]{
		Name:   "LMME",
		Inputs: G.Nodes{a, b},
		Grads:  []Gradient{GradPrimary, GradSide},
		Out:    packed(p.Shape),
		Forward: func(out []F, in Operands[F]) {
			p.Forward(unpack(out, p.Shape), unpack(in.Floats(0), sa), unpack(in.Floats(1), sb))
		},
		Backward: func(grad [][]F, in Operands[F], out, dout []F) {
			p.Backward(logGrad(grad[0]), logGrad(grad[1]), unpack(in.Floats(0), sa), unpack(in.Floats(1), sb),
				unpack(out, p.Shape), dout[:len(dout)/2])
		},
	})
}

// LogSumExp is the signed sum of GOOMs x [2, ...] along an axis, which the result does not have. Axis 0 is the
// first after the 2; negative axes count from the end. Gradient: dl_i = dy * x_i / sum(x).
func LogSumExp[F params.Float](x *G.Node, axis int) *G.Node {
	return goomSums[F]("LogSumExp", x, axis, goom.Total)
}

// LogMeanExp is the mean along an axis.
func LogMeanExp[F params.Float](x *G.Node, axis int) *G.Node {
	return goomSums[F]("LogMeanExp", x, axis, goom.Mean)
}

// LogCumSumExp has the running sums along an axis, in the shape of x. Gradient: dl_i = x_i * sum over t >= i of
// dy_t / y_t.
func LogCumSumExp[F params.Float](x *G.Node, axis int) *G.Node {
	return goomSums[F]("LogCumSumExp", x, axis, goom.RunningSum)
}

// LogCumMeanExp has the running means along an axis.
func LogCumMeanExp[F params.Float](x *G.Node, axis int) *G.Node {
	return goomSums[F]("LogCumMeanExp", x, axis, goom.RunningMean)
}

func goomSums[F params.Float](name string, x *G.Node, axis int, kind goom.Kind) *G.Node {
	shape := shapeOf(name, "x", x, 1)
	p := goom.NewSums[F](shape, axis, kind)
	return Apply(Definition[F]{
		Name:    name,
		Inputs:  G.Nodes{x},
		Grads:   []Gradient{GradPrimary},
		Out:     packed(p.Shape),
		Forward: func(out []F, in Operands[F]) { p.Forward(unpack(out, p.Shape), unpack(in.Floats(0), shape)) },
		Backward: func(grad [][]F, in Operands[F], out, dout []F) {
			p.Backward(logGrad(grad[0]), unpack(out, p.Shape), unpack(in.Floats(0), shape), dout[:len(dout)/2])
		},
	})
}
