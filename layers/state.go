package layers

import (
	"fmt"

	"goomtrain/params"
)

// A State is what one layer carries from run to run of a streaming graph, for each sequence of the batch, such
// as the last hidden vectors of a recurrence. The states of package ops (ops.Carry and others) implement it.
type State interface {
	// Reset returns to the beginning of a sequence.
	Reset()
	// Arrays returns the whole state; copying other values into the arrays continues from those values. The
	// arrays share memory with the state, and their names begin with prefix. Names, order and types are always
	// the same, and so are shapes unless the state is a GrowingState. One dimension of an array is the number of sequences of
	// the batch; an array without it belongs to all of them, such as the number of positions that they have had.
	Arrays(prefix string) []params.Array
}

// A GrowingState is a State whose shapes depend on what it has read, such as a cache of keys and values.
type GrowingState interface {
	State
	// Fit gives the arrays of the state the shapes of arrays, which another state of the same layer returned
	// under the same prefix. The caller then copies the values. undo restores the state from before the call.
	// Missing or impossible arrays, which may come from a file, are an error and leave the state unchanged.
	Fit(prefix string, arrays []params.Array) (undo func(), err error)
}

// A BoundedState is a State of sequences with a longest length, such as a position in a table.
type BoundedState interface {
	State
	// Left returns the number of positions that every sequence may still have, at least 0. It is called before
	// each run, and a run of more positions is an error.
	Left() int
}

// States holds the states of all layers of a model for one batch of running sequences. It is not safe for
// concurrent use.
type States struct {
	batch  int // B of the graphs; 0: no graph yet
	names  []string
	byName map[string]State
}

// NewStates returns an empty collection.
func NewStates() *States { return &States{byName: map[string]State{}} }

// StateOf returns the state of that name in a streaming graph, and the zero S, a nil pointer, in other graphs.
// A recurrent layer calls it in Forward, once for each of its states, and passes the result to its op: the op
// starts from the state and stores the state after the last position in it.
//
// create returns a new state of g.Batch sequences at their beginning. The state may also be a GrowingState or a
// BoundedState. create is called when the first of the graphs that share the States asks for the name; graphs
// of other lengths then get the same state.
//
// The name must be unique in the model and identifies exported states. Use the name of the layer's part of the
// set, as in s.Name("state"). StateOf panics if the graph has asked for the name before, as when one layer is
// applied twice: each would overwrite the state of the other.
func StateOf[S State, F params.Float](g *Graph[F], name string, create func() S) S {
	var zero S
	if g.states == nil {
		return zero
	}
	if g.asked[name] {
		panic(fmt.Sprintf("layers: the state %q is requested twice in one graph: each use of a layer needs its own state and name", name))
	}
	g.asked[name] = true
	if known, ok := g.states.byName[name]; ok {
		state, ok := known.(S)
		if !ok {
			panic(fmt.Sprintf("layers: the state %q is a %T in one graph and a %T in another", name, known, zero))
		}
		return state
	}
	state := create()
	g.states.names = append(g.states.names, name)
	g.states.byName[name] = state
	return state
}

// Reset returns every layer to the beginning of a sequence.
func (s *States) Reset() {
	for _, state := range s.byName {
		state.Reset()
	}
}

// Arrays returns the states of all layers, in the order in which they were built. The arrays share memory with
// the states. Their names begin with those of the states.
func (s *States) Arrays() []params.Array {
	var all []params.Array
	for _, name := range s.names {
		all = append(all, s.byName[name].Arrays(name+".")...)
	}
	return all
}

// Fit gives the arrays of the states the shapes of arrays, which states of the same model returned, so that
// their values can be copied; it calls GrowingState.Fit. undo restores the states from before the call. After
// an error the states are unchanged.
func (s *States) Fit(arrays []params.Array) (undo func(), err error) {
	var done []func()
	undo = func() {
		for _, f := range done {
			f()
		}
	}
	for _, name := range s.names {
		growing, ok := s.byName[name].(GrowingState)
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

// Left returns the number of positions that every sequence may still have, and whether there is a limit, which
// a BoundedState sets.
func (s *States) Left() (n int, limited bool) {
	for _, name := range s.names {
		if bounded, ok := s.byName[name].(BoundedState); ok && (!limited || bounded.Left() < n) {
			n, limited = bounded.Left(), true
		}
	}
	return n, limited
}
