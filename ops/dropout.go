package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/internal/kernels/dense"
	"goomtrain/params"
)

// Noise determines the random numbers of a training step. Step is the number of the update, First the number of
// the run's first sequence within the batch of the update. Ops of other modules use it by Site.
type Noise = dense.Noise

// A Site is one place of a model that uses random numbers; see Noise.Site.
type Site = dense.Site

// NewNoise returns the noise of a seed, at step 0.
func NewNoise(seed uint64) *Noise { return dense.NewNoise(seed) }

// Dropout is residual + x m/(1-p), where m is 0 with probability p and otherwise 1, drawn for each number
// (arXiv 1207.0580): x [B, ...], residual of the shape of x or nil -> the shape of x. Gradients: of both.
//
// The mask is a pure function of the noise at the time of the run, the name of the site and the place of the
// number. Cutting a batch into pieces does not change it, and both passes of a run have the same mask.
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
		Cut:      func(p *Part) { k.Begin(p.Rank() * (s.TotalSize() / s[0])) },
		Forward:  func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), nil) },
		Backward: func(grad [][]F, _ Operands[F], _, dout []F) { k.Backward(grad[0], dout) },
	}
	if residual != nil {
		def.Inputs, def.Grads = G.Nodes{x, residual}, []Gradient{GradPrimary, GradSame}
		def.Forward = func(out []F, in Operands[F]) { k.Forward(out, in.Floats(0), in.Floats(1)) }
	}
	def.OnDevice = func(scope *gpu.Scope) DeviceForm {
		d := kernels.NewDropout(scope, s[0], s.TotalSize()/s[0], p, k.Key)
		return DeviceForm{
			Forward: func(y gpu.Ptr, in []gpu.Ptr) {
				if residual == nil {
					d.Forward(y, in[0], 0)
				} else {
					d.Forward(y, in[0], in[1])
				}
			},
			Backward: func(grads, _ []gpu.Ptr, _, dy gpu.Ptr) { d.Backward(grads[0], dy) },
		}
	}
	return Apply(def)
}
