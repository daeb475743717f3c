package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Linear is y = x W^T (+ bias) (+ residual) with weights as PyTorch stores them: x [..., K], w [M, K] or, as of a
// convolution of width 1, [M, K, 1], bias [M] or nil, residual [..., M] or nil -> [..., M]. Gradients: of all of them.
func Linear[F params.Float](x, w, bias, residual *G.Node) *G.Node {
	return linear[F]("Linear", x, w, bias, residual, true)
}

// MatMul is y = x W (+ residual), with W not transposed: x [..., K], w [K, M], residual [..., M] or nil ->
// [..., M]. Gradients: of all of them.
func MatMul[F params.Float](x, w, residual *G.Node) *G.Node {
	return linear[F]("MatMul", x, w, nil, residual, false)
}

func linear[F params.Float](name string, x, w, bias, residual *G.Node, transposed bool) *G.Node {
	rows, in := split(x.Shape())
	out := 0
	if transposed {
		dims := []int{-1, in, 1}
		want(name, "w", w, dims[:max(2, min(w.Dims(), 3))]...)
		out = w.Shape()[0]
	} else {
		want(name, "w", w, in, -1)
		out = w.Shape()[1]
	}
	shape := withWidth(x.Shape(), out)
	if bias != nil {
		want(name, "bias", bias, out)
	}
	if residual != nil {
		want(name, "residual", residual, shape...)
	}
	k := dense.NewLinear[F](rows, in, out, transposed)
	def := Definition[F]{Name: name, Inputs: G.Nodes{x, w}, Grads: []Gradient{GradPrimary, GradSide}, Out: shape, Cut: Positionwise, Independent: k.RowByRow}
	biasAt, residualAt := 0, 0 // 0 means none: input 0 is x
	if bias != nil {
		biasAt = len(def.Inputs)
		def.Inputs, def.Grads = append(def.Inputs, bias), append(def.Grads, GradSide)
	}
	if residual != nil {
		residualAt = len(def.Inputs)
		def.Inputs, def.Grads = append(def.Inputs, residual), append(def.Grads, GradSame)
	}
	def.Forward = func(out []F, in Operands[F]) {
		k.Forward(out, in.Floats(0), in.Floats(1), in.optional(biasAt), in.optional(residualAt))
	}
	def.Backward = func(grad [][]F, in Operands[F], _, dout []F) {
		var dbias []F
		if biasAt > 0 {
			dbias = grad[biasAt]
		}
		k.Backward(grad[0], grad[1], dbias, in.Floats(0), in.Floats(1), dout)
	}
	def.OnDevice = func(s *gpu.Scope) DeviceForm {
		k := kernels.NewLinear(s, rows, in, out, transposed)
		optional := func(p []gpu.Ptr, i int) gpu.Ptr {
			if i == 0 {
				return 0
			}
			return p[i]
		}
		return DeviceForm{
			Forward: func(y gpu.Ptr, in []gpu.Ptr) {
				k.Forward(y, in[0], in[1], optional(in, biasAt), optional(in, residualAt))
			},
			Backward: func(grads, in []gpu.Ptr, _, dy gpu.Ptr) {
				k.Backward(grads[0], grads[1], optional(grads, biasAt), in[0], in[1], dy)
			},
		}
	}
	return Apply(def)
}

// optional returns the data of an input beyond the first, or nil for index 0.
func (in Operands[F]) optional(i int) []F {
	if i == 0 {
		return nil
	}
	return in.Floats(i)
}
