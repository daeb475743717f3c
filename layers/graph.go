package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/ops"
	"goomtrain/params"
)

// Graph is a computation under construction, for one batch size and length. Each parameter gets one node, which
// uses the memory of the parameter, so that updates between runs affect all graphs.
type Graph[F params.Float] struct {
	*G.ExprGraph
	Batch, Length int // B, T

	// Tokens are the tokens [B, T] from which the activations come, for layers that look up parameters by token, such
	// as GOOMTable. A model sets it before it adds its layers; nil: none.
	Tokens *G.Node

	// Reset, int32 [B, T], is not 0 where a new document begins, for layers that combine positions: what is before it must
	// have no influence from there on. A model sets it before it adds its layers; nil: sequences are one document.
	Reset *G.Node

	// Ends are the positions [B] at which the sequences end, for layers that read a sequence as a whole: what is behind
	// them is padding. A model that classifies sequences sets it; nil: no sequence has padding.
	Ends *G.Node

	// Padding tells the same as Ends for each position, int32 [B, T]: it is not 0 behind the end.
	Padding *G.Node

	weights map[*params.Param[F]]*G.Node
	bounds  []*G.Node
	noise   *ops.Noise      // nil: nothing is random
	states  *States         // nil: the graph does not stream
	asked   map[string]bool // names of the states that the graph has
}

// NewGraph returns an empty graph for batch whole sequences of that length, without randomness.
func NewGraph[F params.Float](batch, length int) *Graph[F] {
	return &Graph[F]{ExprGraph: G.NewGraph(), Batch: batch, Length: length, weights: map[*params.Param[F]]*G.Node{}}
}

// NewTraining returns an empty graph for whole sequences in which layers may draw random numbers. noise
// determines the numbers of each run.
func NewTraining[F params.Float](batch, length int, noise *ops.Noise) *Graph[F] {
	g := NewGraph[F](batch, length)
	g.noise = noise
	return g
}

// NewStreaming returns an empty graph whose sequences continue from run to run. Graphs of different lengths may
// share states and then read the same sequences in turn. It panics if graphs that share states have different
// batch sizes.
func NewStreaming[F params.Float](batch, length int, states *States) *Graph[F] {
	if states.batch != 0 && states.batch != batch {
		panic(fmt.Sprintf("layers: a graph of %d sequences has states of %d", batch, states.batch))
	}
	states.batch = batch
	g := NewGraph[F](batch, length)
	g.states, g.asked = states, map[string]bool{}
	return g
}

// DType is the element type of the graph's floating-point nodes.
func (g *Graph[F]) DType() tensor.Dtype { return ops.DType[F]() }

// Noise returns the source of the random numbers that layers such as Dropout draw in training. It returns nil
// in evaluation and in streams, where layers must not be random.
//
// The random numbers of a layer must be a pure function of the noise at the time of the run, the layer's name,
// the sequence and the place within it. Then a resumed run repeats them, forward and backward pass agree, and
// threads and micro-batches have no influence. The methods of the noise return such numbers. In Forward call
//
//	site := g.Noise().Site(l.name) // l.name is s.Name("noise") of the layer's part of the set
//
// and in the op, in each run, site.Sequence(b).Uint64(i) for the i-th number of sequence b.
func (g *Graph[F]) Noise() *ops.Noise { return g.noise }

// Bound marks activations between which the ops may run again in the backward pass, in place of keeping their outputs.
// A network calls it for the input of its first block and for the output of each block, in their order.
func (g *Graph[F]) Bound(x *G.Node) { g.bounds = append(g.bounds, x) }

// Bounds returns the nodes that Bound has marked, in their order.
func (g *Graph[F]) Bounds() []*G.Node { return g.bounds }

// Weight returns the node of a parameter.
func (g *Graph[F]) Weight(p *params.Param[F]) *G.Node {
	if n, ok := g.weights[p]; ok {
		return n
	}
	n := g.Input(p.Name, p.Value, p.Shape...)
	g.weights[p] = n
	return n
}

// Uses reports whether the graph has a node of the parameter.
func (g *Graph[F]) Uses(p *params.Param[F]) bool {
	_, ok := g.weights[p]
	return ok
}

// Input returns a node of that shape whose value is data, []F or for indices []int32, in every run. It panics
// if the size of data does not match the shape.
func (g *Graph[F]) Input(name string, data any, shape ...int) *G.Node {
	of := g.DType()
	if _, indices := data.([]int32); indices {
		of = tensor.Int32
	}
	n := G.NewTensor(g.ExprGraph, of, len(shape), G.WithShape(shape...), G.WithName(name))
	// a header for this graph over the shared memory: two graphs must not share one
	if err := G.Let(n, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))); err != nil {
		panic(fmt.Sprintf("layers: input %q %v: %v", name, shape, err))
	}
	return n
}
