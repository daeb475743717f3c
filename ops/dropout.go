package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Noise says which random numbers a training step draws: its Step is the number of the update, its First that of
// the run's first sequence within the update's batch. An op of another module draws from it by Site.
type Noise = dense.Noise

// A Site is one place of a model that draws random numbers; Noise.Site makes one.
type Site = dense.Site

// NewNoise returns the noise of a seed, at step 0.
func NewNoise(seed uint64) *Noise { return dense.NewNoise(seed) }

// Dropout is residual + x m/(1-p), where m is 0 with probability p and else 1, for each number anew
// (arXiv 1207.0580): x [B, ...], residual of x's shape or nil -> x's shape. Gradients: of both.
//
// The mask is a pure function of the noise at the time of the run, the site's name and the place of the
// number: a batch cut into pieces has the masks of the whole, and both passes of a run have the same.
func Dropout[F params.Float](x, residual *G.Node, p float64, site string, noise *Noise) *G.Node {
	if !(p >= 0 && p < 1) {
		panic(fmt.Sprintf("ops: Dropout: p is %v, want at least 0 and less than 1", p))
	}
	if residual != nil {
		want("Dropout", "residual", residual, x.Shape()...)
	}
	s := x.Shape()
	k := dense.NewDropout[F](s[0], s.TotalSize()/s[0], p, site, noise)
	def := Definition[F]{
		Name:     "Dropout",
		Inputs:   G.Nodes{x},
		Grads:    []Gradient{GradPrimary},
		Out:      s,
		Forward:  func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), nil) },
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) { k.Backward(grad[0], dout) },
	}
	if residual != nil {
		def.Inputs, def.Grads = G.Nodes{x, residual}, []Gradient{GradPrimary, GradSame}
		def.Forward = func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), in.Floats(1)) }
	}
	return Apply(def)
}
