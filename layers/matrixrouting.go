package layers

import (
	"cmp"
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// MatrixRoutingOptions are the sizes and settings of a MatrixRouting.
type MatrixRoutingOptions struct {
	In, Out        int     // n, m: matrices; In = -1: any number of input matrices, which share their parameters
	Cov, DIn, DOut int     // c, d, h: inputs are c x d and outputs c x h
	Iterations     int     // at least 1; 3 in the paper
	SingleBeta     bool    // the benefit of using an input is the cost of ignoring it
	KMeans         bool    // soft k-means, not Gaussians
	Epsilon        float64 // 0: 1e-5
}

// MatrixRouting routes n input matrices to m output matrices that explain their votes best (arXiv 1911.00792); see
// ops.MatrixRouting. Names and shapes of the parameters are those of GenerativeMatrixRouting of glassroom/heinsen_routing.
type MatrixRouting[F params.Float] struct {
	W, B     *params.Param[F] // [n, m, d, h], [n, m, c, h]; n = 1 if the number of inputs varies
	Use, Ign *params.Param[F] // [n, m]; one parameter with SingleBeta
	options  MatrixRoutingOptions
}

// NewMatrixRouting makes "W", "B", "beta_use" and, without SingleBeta, "beta_ign". It panics unless all sizes are at least
// 1 (In also -1) and Epsilon is not negative.
func NewMatrixRouting[F params.Float](s params.Set[F], o MatrixRoutingOptions) *MatrixRouting[F] {
	if o.In != -1 && o.In < 1 || min(o.Out, o.Cov, o.DIn, o.DOut, o.Iterations) < 1 || !(o.Epsilon >= 0) {
		panic(fmt.Sprintf("layers: matrix routing of %+v, want at least 1 of each (or In = -1 for any number) and an epsilon of at least 0", o))
	}
	n, zero := max(1, o.In), params.Constant(0)
	l := &MatrixRouting[F]{
		W:       s.New("W", params.Matrix, params.Normal(1/float64(o.DIn)), n, o.Out, o.DIn, o.DOut),
		B:       s.New("B", params.Vector, zero, n, o.Out, o.Cov, o.DOut),
		Use:     s.New("beta_use", params.Vector, zero, n, o.Out),
		options: o,
	}
	if l.Ign = l.Use; !o.SingleBeta {
		l.Ign = s.New("beta_ign", params.Vector, zero, n, o.Out)
	} else {
		s.Skip("beta_ign") // the same numbers
	}
	s.Skip("CONST_one")
	return l
}

// Apply maps activations a [B, n] and matrices mu [B, n, c, d] to those of the outputs, their variances and the credit that
// they give to the inputs. The loss may depend on all of them. mask is nil or tells which inputs to ignore, int32 [B, n],
// [B, n, m] or [1, n, m], not 0 where they are.
func (l *MatrixRouting[F]) Apply(g *Graph[F], a, mu, mask *G.Node) ops.MatrixRoutingOutputs {
	p := ops.MatrixRoutingParameters{W: g.Weight(l.W), B: g.Weight(l.B), Use: g.Weight(l.Use), Ign: g.Weight(l.Ign)}
	return ops.MatrixRouting[F](a, mu, mask, p, ops.MatrixRoutingOptions{Iterations: l.options.Iterations, KMeans: l.options.KMeans, Epsilon: cmp.Or(l.options.Epsilon, 1e-5)})
}
