package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels/routing"
	"goomtrain/params"
)

// This file has the ops of which routings with votes, predictions and similarities of your own are made: the credit that
// outputs give to inputs, and the sum of votes by their credit.

// RoutingCredit is the credit phi [B, n, m] of a routing (arXiv 2211.11754) between n inputs and m outputs:
//
//	R = softmax over the outputs of the logits    f = sigmoid(a)    phi_ij = f_i (use_ij R_ij - ign_ij (1 - R_ij))
//
// for logits [B, n, m], or nil for equal shares R, a [B, n], and use, ign [n, m] or [B, n, m]. mask is as in VectorRouting.
// Gradients: of all of them.
func RoutingCredit[F params.Float](logits, a, use, ign, mask *G.Node) *G.Node {
	const name = "RoutingCredit"
	want(name, "a", a, -1, -1)
	size := routing.CreditSize{Batch: a.Shape()[0], Inputs: a.Shape()[1], Fixed: use.Dims() == 2}
	if size.Fixed {
		want(name, "use", use, size.Inputs, -1)
		size.Outputs = use.Shape()[1]
	} else {
		want(name, "use", use, size.Batch, size.Inputs, -1)
		size.Outputs = use.Shape()[2]
	}
	want(name, "ign", ign, use.Shape()...)
	shape := tensor.Shape{size.Batch, size.Inputs, size.Outputs}
	operand := routingMask(name, mask, size.Batch, size.Inputs, size.Outputs)
	k := routing.NewCredit[F](size)
	inputs, grads := G.Nodes{use, ign, a}, []Gradient{GradSide, GradSide, GradPrimary}
	logitsAt, maskAt := 0, 0 // 0: none
	if logits != nil {
		want(name, "logits", logits, shape...)
		logitsAt = len(inputs)
		inputs, grads = append(inputs, logits), []Gradient{GradSide, GradSide, GradSide, GradPrimary}
	}
	if mask != nil {
		maskAt = len(inputs)
		inputs, grads = append(inputs, mask), append(grads, GradNone)
	}
	hidden := func(in Operands[F]) routing.Mask {
		if mask != nil {
			operand.Data = in.Indices(maskAt)
		}
		return operand
	}
	return Apply(Definition[F]{
		Name:   name,
		Inputs: inputs,
		Grads:  grads,
		Out:    shape,
		Forward: func(phi []F, in Operands[F]) {
			k.Forward(phi, in.optional(logitsAt), in.Floats(2), in.Floats(0), in.Floats(1), hidden(in))
		},
		Backward: func(grad [][]F, in Operands[F], _, dphi []F) {
			var dlogits []F
			if logits != nil {
				dlogits = grad[logitsAt]
			}
			k.Backward(dlogits, grad[2], grad[0], grad[1], in.Floats(0), in.Floats(1), hidden(in), dphi)
		},
	})
}

// RoutingVotes is the sum of votes by their credit, out_j = sum over i of phi_ij V_ij: phi [B, n, m] and votes
// [B, n, m*h] or [B, n, m, h] -> out [B, m, h]. Votes that are the same for all samples have a first dimension of 1.
// Gradients: of both.
func RoutingVotes[F params.Float](phi, votes *G.Node) *G.Node {
	const name = "RoutingVotes"
	want(name, "phi", phi, -1, -1, -1)
	batch, n, m := phi.Shape()[0], phi.Shape()[1], phi.Shape()[2]
	v := votes.Shape()
	width := 0
	switch {
	case len(v) == 3 && v[2]%m == 0:
		width = v[2] / m
	case len(v) == 4 && v[2] == m:
		width = v[3]
	}
	if width == 0 || v[0] != batch && v[0] != 1 || v[1] != n {
		panic(fmt.Sprintf("ops: %s: votes have shape %v, want [%d or 1, %d, %d*h] or [%d or 1, %d, %d, h]", name, v, batch, n, m, batch, n, m))
	}
	k := routing.NewVotes[F](routing.VotesSize{Batch: batch, Inputs: n, Outputs: m, DOut: width, Fixed: v[0] == 1 && batch > 1})
	return Apply(Definition[F]{
		Name:    name,
		Inputs:  G.Nodes{phi, votes},
		Grads:   []Gradient{GradSide, GradPrimary},
		Out:     tensor.Shape{batch, m, width},
		Forward: func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), in.Floats(1)) },
		Backward: func(grad [][]F, in Operands[F], _, dout []F) {
			k.Backward(grad[0], grad[1], in.Floats(0), in.Floats(1), dout)
		},
	})
}

// RoutingScores are scaled products of inputs and what outputs predict them to be, x pred^T / sqrt(d): x [B, n, d], pred
// [B, m, d] -> [B, n, m]. Gradients: of both.
func RoutingScores[F params.Float](x, pred *G.Node) *G.Node {
	const name = "RoutingScores"
	want(name, "x", x, -1, -1, -1)
	s := x.Shape()
	want(name, "pred", pred, s[0], -1, s[2])
	k := &routing.Scores[F]{Batch: s[0], Inputs: s[1], Outputs: pred.Shape()[1], DIn: s[2]}
	return Apply(Definition[F]{
		Name:    name,
		Inputs:  G.Nodes{x, pred},
		Grads:   []Gradient{GradPrimary, GradSide},
		Out:     tensor.Shape{k.Batch, k.Inputs, k.Outputs},
		Forward: func(scores []F, in Operands[F]) { k.Forward(scores, in.Floats(0), in.Floats(1)) },
		Backward: func(grad [][]F, in Operands[F], _, dscores []F) {
			k.Backward(grad[0], grad[1], in.Floats(0), in.Floats(1), dscores)
		},
	})
}
