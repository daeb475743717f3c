package layers

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/ops"
	"goomtrain/params"
)

// Graph is one computation while it is built, at one batch size and length. It gives every parameter
// one node over the parameter's own memory, so that an update between runs is seen by all graphs.
type Graph[F params.Float] struct {
	*G.ExprGraph
	Batch, Length int // B, T

	weights map[*params.Param[F]]*G.Node
	states  *States    // nil: no streaming
	noise   *ops.Noise // nil: nothing is random
}

// NewGraph returns an empty graph for whole sequences: size of them, of that length.
func NewGraph[F params.Float](batch, length int) *Graph[F] {
	return &Graph[F]{ExprGraph: G.NewGraph(), Batch: batch, Length: length, weights: map[*params.Param[F]]*G.Node{}}
}

// NewTraining returns an empty graph for whole sequences in which layers may draw random numbers: those
// that the noise says at each run.
func NewTraining[F params.Float](batch, length int, noise *ops.Noise) *Graph[F] {
	g := NewGraph[F](batch, length)
	g.noise = noise
	return g
}

// NewStreaming returns an empty graph whose sequences go on from run to run. Graphs of different
// lengths may share states: then they take turns at the same sequences.
func NewStreaming[F params.Float](batch, length int, states *States) *Graph[F] {
	g := NewGraph[F](batch, length)
	g.states = states
	return g
}

// DType is the element type of the graph's floats.
func (g *Graph[F]) DType() tensor.Dtype { return ops.DType[F]() }

// Weight is the node of a parameter.
func (g *Graph[F]) Weight(p *params.Param[F]) *G.Node {
	if n, ok := g.weights[p]; ok {
		return n
	}
	n := g.Input(p.Name, p.Value, p.Shape...)
	g.weights[p] = n
	return n
}

// Uses says whether the graph has a node of the parameter.
func (g *Graph[F]) Uses(p *params.Param[F]) bool {
	_, ok := g.weights[p]
	return ok
}

// Input is a node of that shape whose value is data, now and at every run: []F, or []int32 for
// indices.
func (g *Graph[F]) Input(name string, data any, shape ...int) *G.Node {
	of := g.DType()
	if _, indices := data.([]int32); indices {
		of = tensor.Int32
	}
	n := G.NewTensor(g.ExprGraph, of, len(shape), G.WithShape(shape...), G.WithName(name))
	// a header of its own over the shared memory: two graphs must not share one
	if err := G.Let(n, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))); err != nil {
		panic(fmt.Sprintf("layers: input %q %v: %v", name, shape, err))
	}
	return n
}

// A State is what one layer carries from run to run of a streaming graph.
type State interface {
	// Reset goes back to the beginning of a sequence.
	Reset()
	// Arrays is the whole state as arrays that share its memory, with names that begin with prefix.
	Arrays(prefix string) []params.Array
}

// States collects the states of all layers of a model for one set of running sequences.
type States struct {
	names  []string
	byName map[string]State
}

// NewStates returns an empty collection.
func NewStates() *States { return &States{byName: map[string]State{}} }

// Reset brings every layer back to the beginning of a sequence.
func (s *States) Reset() {
	for _, state := range s.byName {
		state.Reset()
	}
}

// Arrays is the state of all layers, in the order in which they were built, sharing their memory.
func (s *States) Arrays() []params.Array {
	var all []params.Array
	for _, name := range s.names {
		all = append(all, s.byName[name].Arrays(name+".")...)
	}
	return all
}

// Fit prepares growing states, whose arrays are as long as what they have read, for arrays that states
// of the same model exported: afterwards Arrays has their shapes, and what was in the states is still
// there. The function it returns undoes it.
func (s *States) Fit(arrays []params.Array) (undo func(), err error) {
	var done []func()
	undo = func() {
		for _, f := range done {
			f()
		}
	}
	for _, name := range s.names {
		growing, ok := s.byName[name].(interface {
			Fit(prefix string, arrays []params.Array) (undo func(), err error)
		})
		if !ok {
			continue
		}
		f, err := growing.Fit(name+".", arrays)
		if err != nil {
			undo()
			return nil, err
		}
		done = append(done, f)
	}
	return undo, nil
}

// Left is the number of positions that every sequence may still have, and whether there is a limit:
// learned positions end.
func (s *States) Left() (n int, limited bool) {
	for _, name := range s.names {
		if bounded, ok := s.byName[name].(interface{ Left() int }); ok && (!limited || bounded.Left() < n) {
			n, limited = bounded.Left(), true
		}
	}
	return n, limited
}

// stateOf is the state of that name in a streaming graph, made when it is first asked for; the zero S
// (a nil pointer) in other graphs.
func stateOf[S State, F params.Float](g *Graph[F], name string, create func() S) S {
	var zero S
	if g.states == nil {
		return zero
	}
	if s, ok := g.states.byName[name]; ok {
		return s.(S)
	}
	s := create()
	g.states.names = append(g.states.names, name)
	g.states.byName[name] = s
	return s
}
