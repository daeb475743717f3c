package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels/routing"
	"goomtrain/params"
)

// VectorRoutingParameters are the parameters of VectorRouting for n inputs of width d and m outputs of width h. If
// UseBias and IgnBias are not nil the inputs share their parameters: then n is 1 in all shapes, Use and Ign are [m, d],
// and x may have any number of inputs.
type VectorRoutingParameters struct {
	WA, BA           *G.Node // [n, d], [n] activation of an input
	WF1, WF2, BF2    *G.Node // [m, d], [d, h], [m, h] votes
	WG1, WG2, BG2    *G.Node // [h, d], [m, d], [m, d] predictions of inputs
	WS, BS           *G.Node // [n, m] similarity of an input and its prediction
	Use, Ign         *G.Node // [n, m] net benefit of using an input, net cost of ignoring it
	UseBias, IgnBias *G.Node // [m], or both nil
}

// VectorRouting routes input vectors to output vectors (arXiv 2211.11754): x [B, n, d] -> out [B, m, h]. An output is a
// sum of votes of all inputs, weighted by credit, phi [B, n, m], which depends on how well the output predicts the input:
//
//	xs = x / sqrt(n)    f_i = sigmoid(xs_i . WA_i + BA_i)    V_ij = (xs_i * WF1_j) WF2 + BF2_j
//	R_ij = 1/m at first, then softmax over j of log sigmoid((x_i . pred_j) WS_ij + BS_ij)
//	    with pred_j = (N(out_j) WG1) * WG2_j + BG2_j
//	phi_ij = f_i (use_ij R_ij - ign_ij (1 - R_ij))    out_j = sum over i of phi_ij V_ij
//
// R, phi and out are computed as many times as there are iterations, at least 1. N normalizes to mean 0 and variance 1 (if
// h > 1), and normalize applies it to the result. use and ign are Use and Ign, or x_i Use^T + UseBias and x_i Ign^T +
// IgnBias where inputs share parameters. Votes are not stored: memory is proportional to n m.
//
// mask is nil, or int32 that is not 0 where an input is ignored: [B, n] by all outputs, [B, n, m] or [1, n, m] by some.
// phi is then 0, and inputs that no output sees do not count in n. An output without inputs is 0. What masked inputs hold
// is multiplied by 0, so it must be finite, and its products with predictions too.
//
// Gradients: of x and all parameters, through both out and phi.
func VectorRouting[F params.Float](x, mask *G.Node, p VectorRoutingParameters, iterations int, normalize bool) (out, phi *G.Node) {
	const name = "VectorRouting"
	size := vectorRoutingSize(x, p, iterations, normalize)
	operand := routingMask(name, mask, size.Batch, size.Inputs, size.Outputs)
	k := routing.NewVector[F](size)
	inputs := G.Nodes{x, p.WA, p.BA, p.WF1, p.WF2, p.BF2, p.WG1, p.WG2, p.BG2, p.WS, p.BS, p.Use, p.Ign}
	if size.Shared {
		inputs = append(inputs, p.UseBias, p.IgnBias)
	}
	grads := []Gradient{GradPrimary}
	for range inputs[1:] {
		grads = append(grads, GradSide)
	}
	count := len(inputs) - 1 // of parameters
	parameters := func(of func(i int) []F) (q routing.VectorParameters[F]) {
		for i, to := range q.Arrays()[:count] {
			*to = of(i + 1)
		}
		return q
	}
	hidden := func(Operands[F]) routing.Mask { return operand }
	if at := len(inputs); mask != nil {
		inputs, grads = append(inputs, mask), append(grads, GradNone)
		hidden = func(in Operands[F]) routing.Mask {
			operand.Data = in.Indices(at)
			return operand
		}
	}
	var credit []F
	var dcredit func() []F
	out = Apply(Definition[F]{
		Name:   name,
		Inputs: inputs,
		Grads:  grads,
		Out:    tensor.Shape{size.Batch, size.Outputs, size.DOut},
		Forward: func(out []F, in Operands[F]) {
			k.Forward(out, credit, in.Floats(0), parameters(in.Floats), hidden(in))
		},
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			dp := parameters(func(i int) []F { return grad[i] })
			k.Backward(grad[0], dp, in.Floats(0), parameters(in.Floats), hidden(in), dout, dcredit())
		},
	})
	phi, credit, dcredit = GradOutput[F](out, name+".phi", tensor.Shape{size.Batch, size.Inputs, size.Outputs})
	return out, phi
}

// vectorRoutingSize checks the operands.
func vectorRoutingSize(x *G.Node, p VectorRoutingParameters, iterations int, normalize bool) routing.VectorSize {
	const name = "VectorRouting"
	want(name, "x", x, -1, -1, -1)
	want(name, "WF2", p.WF2, x.Shape()[2], -1)
	want(name, "WF1", p.WF1, -1, x.Shape()[2])
	if iterations < 1 {
		panic(fmt.Sprintf("ops: %s: %d iterations, want at least 1", name, iterations))
	}
	if (p.UseBias == nil) != (p.IgnBias == nil) {
		panic(fmt.Sprintf("ops: %s: one of UseBias and IgnBias is nil, want both or none", name))
	}
	size := routing.VectorSize{Batch: x.Shape()[0], Inputs: x.Shape()[1], DIn: x.Shape()[2], Outputs: p.WF1.Shape()[0], DOut: p.WF2.Shape()[1],
		Iterations: iterations, Shared: p.UseBias != nil, Normalize: normalize}
	n, m, d, h := size.Inputs, size.Outputs, size.DIn, size.DOut
	use := []int{n, m}
	if size.Shared {
		n, use = 1, []int{m, d}
		want(name, "UseBias", p.UseBias, m)
		want(name, "IgnBias", p.IgnBias, m)
	}
	for _, o := range []struct {
		operand string
		node    *G.Node
		dims    []int
	}{{"WA", p.WA, []int{n, d}}, {"BA", p.BA, []int{n}}, {"BF2", p.BF2, []int{m, h}}, {"WG1", p.WG1, []int{h, d}}, {"WG2", p.WG2, []int{m, d}},
		{"BG2", p.BG2, []int{m, d}}, {"WS", p.WS, []int{n, m}}, {"BS", p.BS, []int{n, m}}, {"Use", p.Use, use}, {"Ign", p.Ign, use}} {
		want(name, o.operand, o.node, o.dims...)
	}
	return size
}

// routingMask returns how the numbers of a mask lie. It panics if the mask does not fit.
func routingMask(name string, mask *G.Node, batch, inputs, outputs int) routing.Mask {
	if mask == nil {
		return routing.Mask{}
	}
	if mask.Dtype() != tensor.Int32 {
		panic(fmt.Sprintf("ops: %s: mask has elements of type %v, want int32", name, mask.Dtype()))
	}
	switch s := mask.Shape(); {
	case len(s) == 2:
		want(name, "mask", mask, batch, inputs)
		return routing.Mask{Batch: inputs, Input: 1}
	case len(s) == 3 && s[0] == 1:
		want(name, "mask", mask, 1, inputs, outputs)
		return routing.Mask{Input: outputs, Output: 1}
	default:
		want(name, "mask", mask, batch, inputs, outputs)
		return routing.Mask{Batch: inputs * outputs, Input: outputs, Output: 1}
	}
}
