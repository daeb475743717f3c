package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// VectorRoutingFunctions are the parts of a routing of vectors that a user defines. Each adds nodes to the graph and
// returns the result; Forward of a Linear is such a function.
type VectorRoutingFunctions[F params.Float] struct {
	A func(g *Graph[F], x *G.Node) *G.Node       // activations: x [B, n, d] -> [B, n, 1]
	F func(g *Graph[F], x *G.Node) *G.Node       // votes: x -> [B, n, m*h] or [B, n, m, h]; [1, ...] if they do not depend on x
	G func(g *Graph[F], out *G.Node) *G.Node     // predictions of inputs: out [B, m, h] -> [B, m, d]
	S func(g *Graph[F], x, pred *G.Node) *G.Node // similarities: x and pred [B, m, d] -> [B, n, m]; nil: x pred^T/sqrt(d)
}

// DefinableVectorRouting routes n input vectors to m output vectors (arXiv 2211.11754) with activations, votes, predictions
// and similarities that are functions of the user's. Unlike in VectorRouting, votes are stored. Names and shapes of the
// parameters are those of DefinableVectorRouting of glassroom/heinsen_routing; those of the functions are made with
// s.Sub("A"), s.Sub("F"), s.Sub("G") and s.Sub("S").
type DefinableVectorRouting[F params.Float] struct {
	VectorRoutingFunctions[F]
	Use, Ign *params.Param[F] // [n, m], or nil if the number of inputs varies

	// UseOf and IgnOf make benefits and costs from an input if the number of inputs varies: weights [m, d].
	UseOf, IgnOf *Linear[F]

	iterations int
}

// NewDefinableVectorRouting makes "beta_use" and "beta_ign", or for any number of inputs (In = -1) "compute_beta_use" and
// "compute_beta_ign", each with weight and bias. DOut and Normalize of the options have no meaning here; DIn only has one
// for any number of inputs. It panics if a size is below 1 or a function is missing.
func NewDefinableVectorRouting[F params.Float](s params.Set[F], o VectorRoutingOptions, f VectorRoutingFunctions[F]) *DefinableVectorRouting[F] {
	if o.In != -1 && o.In < 1 || min(o.Out, o.Iterations) < 1 || o.In == -1 && o.DIn < 1 {
		panic(fmt.Sprintf("layers: definable vector routing of %+v, want at least 1 of each (or In = -1 for any number, with DIn)", o))
	}
	if f.A == nil || f.F == nil || f.G == nil {
		panic("layers: definable vector routing without one of the functions A, F and G")
	}
	l := &DefinableVectorRouting[F]{VectorRoutingFunctions: f, iterations: o.Iterations}
	if o.In > 0 {
		l.Use, l.Ign = s.New("beta_use", params.Vector, params.Normal(1), o.In, o.Out), s.New("beta_ign", params.Vector, params.Normal(1), o.In, o.Out)
	} else {
		l.UseOf, l.IgnOf = NewLinear(s.Sub("compute_beta_use"), o.DIn, o.Out, true), NewLinear(s.Sub("compute_beta_ign"), o.DIn, o.Out, true)
	}
	s.Skip("CONST_ones_over_n_out")
	return l
}

// Apply maps x [B, n, d] to out [B, m, h], and returns the credit phi [B, n, m] that each output gives to each input. The
// loss may depend on both. mask is as in VectorRouting.Apply.
func (l *DefinableVectorRouting[F]) Apply(g *Graph[F], x, mask *G.Node) (out, phi *G.Node) {
	var use, ign *G.Node
	if l.Use != nil {
		use, ign = g.Weight(l.Use), g.Weight(l.Ign)
	} else {
		use, ign = l.UseOf.Forward(g, x), l.IgnOf.Forward(g, x) // [B, n, m]
	}
	a, votes := ops.Reshape[F](l.A(g, x), x.Shape()[0], x.Shape()[1]), l.F(g, x)
	var scores *G.Node // equal at first
	for i := range l.iterations {
		if i > 0 {
			scores = l.similarities(g, x, l.G(g, out)) // [B, n, m]
		}
		phi = ops.RoutingCredit[F](scores, a, use, ign, mask) // [B, n, m]
		out = ops.RoutingVotes[F](phi, votes)                 // [B, m, h]
	}
	return out, phi
}

func (l *DefinableVectorRouting[F]) similarities(g *Graph[F], x, pred *G.Node) *G.Node {
	if l.S == nil {
		return ops.RoutingScores[F](x, pred)
	}
	return l.S(g, x, pred)
}

// LearnedVotes are votes that do not depend on the input vectors, for a DefinableVectorRouting: outputs are then mixtures
// of learned memories.
type LearnedVotes[F params.Float] struct {
	Votes *params.Param[F] // [n, m, h]
}

// NewLearnedVotes makes "w" of n = in, m = out and h = width, normal with deviation 1.
func NewLearnedVotes[F params.Float](s params.Set[F], in, out, width int) *LearnedVotes[F] {
	return &LearnedVotes[F]{s.New("w", params.Vector, params.Normal(1), in, out, width)}
}

// Forward returns the votes [1, n, m, h].
func (l *LearnedVotes[F]) Forward(g *Graph[F], _ *G.Node) *G.Node {
	return ops.Reshape[F](g.Weight(l.Votes), append([]int{1}, l.Votes.Shape...)...)
}
