package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/kernels/routing"
	"goomtrain/params"
)

// MatrixRoutingOptions are the settings of MatrixRouting.
type MatrixRoutingOptions struct {
	Iterations int     // at least 1; 3 in the paper
	KMeans     bool    // shares by distance (soft k-means), not by the density of Gaussians
	Epsilon    float64 // added to variances and sums of weights; 1e-5 in the paper
}

// MatrixRoutingParameters are the parameters of MatrixRouting for n inputs c x d and m outputs c x h. With n = 1 in their
// shapes inputs share them, and there may be any number of inputs. Use and Ign may be one node.
type MatrixRoutingParameters struct {
	W, B     *G.Node // [n, m, d, h], [n, m, c, h] votes
	Use, Ign *G.Node // [n, m] net benefit of using an input, net cost of ignoring it
}

// MatrixRoutingOutputs are the results of MatrixRouting. The loss may depend on all of them.
type MatrixRoutingOutputs struct {
	A      *G.Node // [B, m] activations
	Mu     *G.Node // [B, m, c, h]
	Sigma2 *G.Node // [B, m, c, h] variances of the votes
	Phi    *G.Node // [B, n, m] credit that outputs give to inputs: A is its sum over inputs
}

// MatrixRouting routes input matrices to output matrices that explain their votes best (arXiv 1911.00792), by expectation
// maximization: a [B, n], mu [B, n, c, d] -> outputs for c x h matrices.
//
//	V_ij = mu_i W_ij + B_ij    f_i = sigmoid(a_i)
//	R_ij = 1/m at first, then softmax over j of log sigmoid(A_j) + log p_ij
//	    with log p_ij = -sum of ((V_ij - Mu_j)^2 / (2 Sigma2_j) + log sqrt(Sigma2_j)), or of (V_ij - Mu_j)^2 for k-means
//	phi_ij = f_i (use_ij R_ij - ign_ij (1 - R_ij))    A_j = sum over i of phi_ij
//	w_ij = f_i R_ij / (epsilon + sum over i of f_i R_ij)    Mu_j = sum over i of w_ij V_ij
//	Sigma2_j = epsilon + sum over i of w_ij (V_ij - Mu_j)^2
//
// All but V and f are computed as many times as there are iterations. Votes are not stored: memory is proportional to n m.
// mask is as in VectorRouting; the squares of masked votes must be finite. Outputs without inputs are 0, and their variances
// epsilon. Gradients: of a, mu and all parameters.
func MatrixRouting[F params.Float](a, mu, mask *G.Node, p MatrixRoutingParameters, o MatrixRoutingOptions) MatrixRoutingOutputs {
	const name = "MatrixRouting"
	size := matrixRoutingSize[F](a, mu, p, o)
	operand := routingMask(name, mask, size.Batch, size.Inputs, size.Outputs)
	k := routing.NewMatrix[F](size)
	inputs, grads := G.Nodes{mu, a, p.W, p.B, p.Use, p.Ign}, []Gradient{GradPrimary, GradSide, GradSide, GradSide, GradSide, GradSide}
	if mask != nil {
		inputs, grads = append(inputs, mask), append(grads, GradNone)
	}
	hidden := func(in Operands[F]) routing.Mask {
		if mask != nil {
			operand.Data = in.Indices(6)
		}
		return operand
	}
	parameters := func(of func(i int) []F) routing.MatrixParameters[F] {
		return routing.MatrixParameters[F]{W: of(2), B: of(3), Use: of(4), Ign: of(5)}
	}
	var results routing.MatrixOutputs[F] // but Mu
	var da, dsigma2, dphi func() []F
	b, n, m := size.Batch, size.Inputs, size.Outputs
	out := Apply(Definition[F]{
		Name:   name,
		Inputs: inputs,
		Grads:  grads,
		Out:    tensor.Shape{b, m, size.Cov, size.DOut},
		Forward: func(out []F, in Operands[F]) {
			to := results
			to.Mu = out
			k.Forward(to, in.Floats(1), in.Floats(0), parameters(in.Floats), hidden(in))
		},
		Backward: func(grad [][]F, in Operands[F], _, dmu []F) {
			dp := parameters(func(i int) []F { return grad[i] })
			k.Backward(grad[1], grad[0], dp, in.Floats(1), in.Floats(0), parameters(in.Floats), hidden(in),
				routing.MatrixOutputs[F]{A: da(), Mu: dmu, Sigma2: dsigma2(), Phi: dphi()})
		},
	})
	all := MatrixRoutingOutputs{Mu: out}
	all.A, results.A, da = GradOutput[F](out, name+".a", tensor.Shape{b, m})
	all.Sigma2, results.Sigma2, dsigma2 = GradOutput[F](out, name+".sigma2", out.Shape())
	all.Phi, results.Phi, dphi = GradOutput[F](out, name+".phi", tensor.Shape{b, n, m})
	return all
}

// matrixRoutingSize checks the operands.
func matrixRoutingSize[F params.Float](a, mu *G.Node, p MatrixRoutingParameters, o MatrixRoutingOptions) routing.MatrixSize {
	const name = "MatrixRouting"
	if o.Iterations < 1 {
		panic(fmt.Sprintf("ops: %s: %d iterations, want at least 1", name, o.Iterations))
	}
	if e := F(o.Epsilon); !(e > 0) || math.IsInf(float64(e), 0) || math.IsInf(float64(1/e), 0) { // an output without inputs is divided by it
		panic(fmt.Sprintf("ops: %s: epsilon is %v, want a positive number that has a reciprocal in %v", name, o.Epsilon, DType[F]()))
	}
	want(name, "mu", mu, -1, -1, -1, -1)
	s := mu.Shape()
	want(name, "a", a, s[0], s[1])
	want(name, "W", p.W, -1, -1, s[3], -1)
	w := p.W.Shape()
	size := routing.MatrixSize{Batch: s[0], Inputs: s[1], Outputs: w[1], Cov: s[2], DIn: s[3], DOut: w[3], Iterations: o.Iterations,
		Shared: w[0] == 1, KMeans: o.KMeans, Epsilon: o.Epsilon}
	if !size.Shared {
		want(name, "W", p.W, s[1], w[1], s[3], w[3])
	}
	want(name, "B", p.B, w[0], w[1], s[2], w[3])
	want(name, "Use", p.Use, w[0], w[1])
	want(name, "Ign", p.Ign, w[0], w[1])
	return size
}
