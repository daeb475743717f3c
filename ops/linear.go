package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels"
	"goomtrain/internal/simd"
)

// Linear is y = x W^T (+ bias) (+ residual) with weights as PyTorch stores them: x [..., K], w [M, K],
// bias [M] or nil, residual [..., M] or nil -> [..., M]. Gradients: of all of them.
func Linear(x, w, bias, residual *G.Node) *G.Node {
	return linear("Linear", x, w, bias, residual, true)
}

// MatMul is y = x W (+ residual) with a matrix as it stands: x [..., K], w [K, M], residual [..., M]
// or nil -> [..., M]. Gradients: of all of them.
func MatMul(x, w, residual *G.Node) *G.Node {
	return linear("MatMul", x, w, nil, residual, false)
}

func linear(name string, x, w, bias, residual *G.Node, transposed bool) *G.Node {
	_, in := split(x.Shape())
	want(name, "w", w, -1, -1)
	out := w.Shape()[1]
	if transposed {
		out = w.Shape()[0]
		want(name, "w", w, out, in)
	} else {
		want(name, "w", w, in, out)
	}
	shape := withWidth(x.Shape(), out)
	if bias != nil {
		want(name, "bias", bias, out)
	}
	if residual != nil {
		want(name, "residual", residual, shape...)
	}
	return dispatch(x,
		func() *G.Node { return linearOf[float32](name, x, w, bias, residual, transposed, shape) },
		func() *G.Node { return linearOf[float64](name, x, w, bias, residual, transposed, shape) })
}

func linearOf[F simd.Float](name string, x, w, bias, residual *G.Node, transposed bool, shape tensor.Shape) *G.Node {
	rows, in := split(x.Shape())
	k := kernels.NewLinear[F](rows, in, shape[len(shape)-1], transposed)
	def := definition[F]{name: name, inputs: G.Nodes{x, w}, grads: []gradient{primary, side}, out: shape}
	biasAt, residualAt := 0, 0 // input 0 is x: 0 says that there is none
	if bias != nil {
		biasAt = len(def.inputs)
		def.inputs, def.grads = append(def.inputs, bias), append(def.grads, side)
	}
	if residual != nil {
		residualAt = len(def.inputs)
		def.inputs, def.grads = append(def.inputs, residual), append(def.grads, same)
	}
	def.forward = func(out []F, in operands[F]) {
		k.Forward(out, in.floats(0), in.floats(1), in.optional(biasAt), in.optional(residualAt))
	}
	def.backward = func(grad [][]F, in operands[F], _, dout []F) {
		var dbias []F
		if biasAt > 0 {
			dbias = grad[biasAt]
		}
		k.Backward(grad[0], grad[1], dbias, in.floats(0), in.floats(1), dout)
	}
	return apply(def)
}

// optional is the data of an input beyond the first, or nil for index 0.
func (in operands[F]) optional(i int) []F {
	if i == 0 {
		return nil
	}
	return in.floats(i)
}
