package layers

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// VectorRoutingOptions are the sizes of a VectorRouting.
type VectorRoutingOptions struct {
	In, Out    int  // n, m: vectors; In = -1: any number of input vectors, which share their parameters
	DIn, DOut  int  // d, h: their widths
	Iterations int  // at least 1; 2 in the paper
	Normalize  bool // outputs have mean 0 and variance 1, if h > 1
}

// VectorRouting routes n input vectors to m output vectors that best predict them (arXiv 2211.11754); see
// ops.VectorRouting. Names and shapes of the parameters are those of EfficientVectorRouting of glassroom/heinsen_routing.
type VectorRouting[F params.Float] struct {
	WA, BA        *params.Param[F] // [n, d], [n]; n = 1 if the number of inputs varies
	WF1, WF2, BF2 *params.Param[F] // [m, d], [d, h], [m, h]
	WG1, WG2, BG2 *params.Param[F] // [h, d], [m, d], [m, d]
	WS, BS        *params.Param[F] // [n, m]
	Use, Ign      *params.Param[F] // [n, m], or nil if the number of inputs varies

	// UseOf and IgnOf make benefits and costs from an input if the number of inputs varies: weights [m, d].
	UseOf, IgnOf *Linear[F]

	options VectorRoutingOptions
}

// NewVectorRouting makes "W_A", "B_A", "W_F1", "W_F2", "B_F2", "W_G1", "W_G2", "B_G2", "W_S", "B_S" and "beta_use",
// "beta_ign", or for any number of inputs "compute_beta_use" and "compute_beta_ign", each with weight and bias. It panics
// unless all sizes are at least 1 (In also -1).
func NewVectorRouting[F params.Float](s params.Set[F], o VectorRoutingOptions) *VectorRouting[F] {
	if o.In != -1 && o.In < 1 || min(o.Out, o.DIn, o.DOut, o.Iterations) < 1 {
		panic(fmt.Sprintf("layers: vector routing of %+v, want at least 1 of each (or In = -1 for any number)", o))
	}
	n, m, d, h := max(1, o.In), o.Out, o.DIn, o.DOut
	scaled := func(factor float64, width int) params.Initial {
		return params.Normal(factor / math.Sqrt(float64(width)))
	}
	one, zero := params.Normal(1), params.Constant(0)
	l := &VectorRouting[F]{ // what multiplies elementwise is a Vector, as are biases
		WA:      s.New("W_A", params.Vector, scaled(2, d), n, d),
		BA:      s.New("B_A", params.Vector, zero, n),
		WF1:     s.New("W_F1", params.Vector, one, m, d),
		WF2:     s.New("W_F2", params.Matrix, scaled(2, d), d, h),
		BF2:     s.New("B_F2", params.Vector, zero, m, h),
		WG1:     s.New("W_G1", params.Matrix, scaled(1, h), h, d),
		WG2:     s.New("W_G2", params.Vector, one, m, d),
		BG2:     s.New("B_G2", params.Vector, zero, m, d),
		WS:      s.New("W_S", params.Vector, scaled(1, d), n, m),
		BS:      s.New("B_S", params.Vector, zero, n, m),
		options: o,
	}
	if o.In > 0 {
		l.Use, l.Ign = s.New("beta_use", params.Vector, one, n, m), s.New("beta_ign", params.Vector, one, n, m)
	} else {
		l.UseOf, l.IgnOf = NewLinear(s.Sub("compute_beta_use"), d, m, true), NewLinear(s.Sub("compute_beta_ign"), d, m, true)
	}
	s.Skip("CONST_ones_over_n_out")
	return l
}

// Apply maps x [B, n, d] to out [B, m, h], and returns the credit phi [B, n, m] that each output gives to each input. The
// loss may depend on both. mask is nil or tells which inputs to ignore, int32 [B, n], [B, n, m] or [1, n, m], not 0 where
// they are.
func (l *VectorRouting[F]) Apply(g *Graph[F], x, mask *G.Node) (out, phi *G.Node) {
	p := ops.VectorRoutingParameters{WA: g.Weight(l.WA), BA: g.Weight(l.BA), WF1: g.Weight(l.WF1), WF2: g.Weight(l.WF2), BF2: g.Weight(l.BF2),
		WG1: g.Weight(l.WG1), WG2: g.Weight(l.WG2), BG2: g.Weight(l.BG2), WS: g.Weight(l.WS), BS: g.Weight(l.BS)}
	if l.options.In > 0 {
		p.Use, p.Ign = g.Weight(l.Use), g.Weight(l.Ign)
	} else {
		p.Use, p.UseBias = g.Weight(l.UseOf.Weight), g.Weight(l.UseOf.Bias)
		p.Ign, p.IgnBias = g.Weight(l.IgnOf.Weight), g.Weight(l.IgnOf.Bias)
	}
	return ops.VectorRouting[F](x, mask, p, l.options.Iterations, l.options.Normalize)
}
