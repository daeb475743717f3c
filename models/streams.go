package models

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"goomtrain/layers"
	"goomtrain/params"
)

// Streams reads a token of each of N sequences at a time, and predicts their next tokens. The weights are read once for all
// of them, so N sequences take far less time than N times one. The logits of a sequence are, to the bit, those of a Stream
// that reads the same tokens, whatever N is. It is not safe for concurrent use.
//
// A model that counts positions, such as softmax attention and all models with positions, runs sequences of the same length
// together; others run any.
type Streams[F params.Float] struct {
	n, vocab int
	start    int32 // see Model
	states   *layers.States
	dims     map[string]int // see stateDims
	step     *streamStep[F]
	begun    bool // a sequence has read or been set
}

// MaxStreams is the largest N.
const MaxStreams = 1 << 12

// NewStreams returns N = n streams at the beginning of their sequences. Later updates of the weights affect them. n is 1 to
// MaxStreams.
func (m *Model[F]) NewStreams(n int) (*Streams[F], error) {
	if n < 1 || n > MaxStreams {
		return nil, fmt.Errorf("models: %d streams, want 1 to %d", n, MaxStreams)
	}
	if m.head == nil {
		return nil, errNoNext
	}
	building.Lock()
	defer building.Unlock()
	dims, err := m.stateDims()
	if err != nil {
		return nil, err
	}
	s := &Streams[F]{n: n, vocab: m.Vocab(), start: m.start, states: layers.NewStates(), dims: dims}
	if s.step, err = m.newStep(s.states, n, 1); err != nil {
		return nil, err
	}
	return s, nil
}

// stateDims returns, for each array of the state of a batch of sequences, the dimension that counts the sequences; shared if
// all of them have the array in common, such as their length. It is found by the shapes of batches of one and two.
func (m *Model[F]) stateDims() (map[string]int, error) {
	if m.dims != nil {
		return m.dims, nil
	}
	var arrays [2][]params.Array
	for i := range arrays {
		states := layers.NewStates()
		m.hidden(layers.NewStreaming[F](1+i, 1, states), make([]int32, 1+i))
		arrays[i] = states.Arrays()
	}
	dims := map[string]int{}
	for i, one := range arrays[0] {
		two := arrays[1][i]
		dim := shared
		for d := range one.Shape {
			if one.Shape[d] != two.Shape[d] {
				if one.Shape[d] != 1 || two.Shape[d] != 2 || dim != shared {
					return nil, fmt.Errorf("models: the state %s has shape %v for one sequence and %v for two, want one dimension that is their number", one.Name, one.Shape, two.Shape)
				}
				dim = d
			}
		}
		dims[one.Name] = dim
	}
	m.dims = dims
	return dims, nil
}

const shared = -1

// Len returns N.
func (s *Streams[F]) Len() int { return s.n }

// Append reads a token of each sequence, [N], and returns the logits [N, S] of their next ones. The slice is valid until the
// next call. A token of -1 stands for a sequence that has ended: its logits and state mean nothing from then on, until Set
// puts another one in its place. Append returns an error, and reads nothing, for other tokens outside the vocabulary, if
// Left is 0, and for the token that begins a document where documents are independent (Common.ResetDocuments): there a
// sequence ends.
func (s *Streams[F]) Append(tokens []int32) ([]F, error) {
	if len(tokens) != s.n {
		return nil, fmt.Errorf("models: %d tokens for %d streams", len(tokens), s.n)
	}
	for i, t := range tokens {
		switch {
		case t < -1 || int(t) >= s.vocab:
			return nil, fmt.Errorf("models: token %d of stream %d, but the vocabulary is 0 to %d", t, i, s.vocab-1)
		case t >= 0 && t == s.start && s.begun:
			return nil, fmt.Errorf("models: token %d of stream %d begins a document, where this model starts anew (-reset-documents): end the stream", t, i)
		}
	}
	if left, limited := s.Left(); limited && left < 1 {
		return nil, errors.New("models: the model's context has no position left")
	}
	for i, t := range tokens {
		s.step.tokens[i] = max(0, t)
	}
	s.begun = true
	if err := s.step.exec.RunAll(); err != nil {
		return nil, err
	}
	return s.step.logits()
}

// Left returns the number of tokens that each sequence may still have, and whether there is a limit, as Stream.Left does.
func (s *Streams[F]) Left() (n int, limited bool) { return s.states.Left() }

// Reset returns all sequences to their beginning.
func (s *Streams[F]) Reset() {
	s.states.Reset()
	s.begun = false
}

// Set makes sequence i continue from the state of a stream of the same model, which stays as it is. After NewStreams or
// Reset, the first Set decides about the length of all sequences; those that have not been set mean nothing then. Set
// returns an error that wraps ErrLengths, and changes nothing, if the model counts positions and the stream is of another
// length than the sequences.
func (s *Streams[F]) Set(i int, from *Stream[F]) error {
	if i < 0 || i >= s.n {
		return fmt.Errorf("models: stream %d of %d", i, s.n)
	}
	state := from.State()
	wide := slices.Clone(state)
	for j, a := range wide {
		if dim, known := s.dims[a.Name]; !known {
			return fmt.Errorf("models: this model has no state %s: is the stream of another model?", a.Name)
		} else if dim != shared {
			wide[j].Shape = slices.Clone(a.Shape)
			wide[j].Shape[dim] = s.n
		}
	}
	undo := func() {}
	if s.begun {
		if !together(s.states.Arrays(), state, s.dims) {
			return ErrLengths
		}
	} else if u, err := s.states.Fit(wide); err != nil {
		return fmt.Errorf("models: the state does not fit: %w", err)
	} else {
		undo = u
	}
	own := s.states.Arrays()
	if len(own) != len(wide) {
		undo()
		return fmt.Errorf("models: the state has %d arrays, this model's has %d: is it of another model?", len(wide), len(own))
	}
	for j, a := range own {
		if a.Name != wide[j].Name || !slices.Equal(a.Shape, wide[j].Shape) || reflect.TypeOf(a.Data) != reflect.TypeOf(wide[j].Data) {
			undo()
			return fmt.Errorf("models: the state %s has shape %v and %T, want %s, %v and %T: is it of another model?",
				wide[j].Name, wide[j].Shape, wide[j].Data, a.Name, a.Shape, a.Data)
		}
	}
	for j, a := range own {
		to, from, dim := reflect.ValueOf(a.Data), reflect.ValueOf(state[j].Data), s.dims[a.Name]
		if dim == shared {
			reflect.Copy(to, from)
			continue
		}
		outer, inner := params.Size(a.Shape[:dim]), params.Size(a.Shape[dim+1:])
		for o := range outer {
			at := (o*s.n + i) * inner
			reflect.Copy(to.Slice(at, at+inner), from.Slice(o*inner, (o+1)*inner))
		}
	}
	s.begun = true
	return nil
}

// ErrLengths is wrapped by the errors about sequences of different lengths in a model that counts positions.
var ErrLengths = errors.New("models: this model counts positions: streams of different lengths cannot run together")

// Together reports whether two streams of the model can be in the same Streams.
func (m *Model[F]) Together(a, b *Stream[F]) bool {
	building.Lock()
	defer building.Unlock()
	dims, err := m.stateDims()
	return err == nil && together(a.State(), b.State(), dims)
}

// together reports whether what sequences share is the same in two states.
func together(a, b []params.Array, dims map[string]int) bool {
	for i := range a {
		if dims[a[i].Name] == shared && (i >= len(b) || !reflect.DeepEqual(a[i].Data, b[i].Data)) {
			return false
		}
	}
	return true
}
