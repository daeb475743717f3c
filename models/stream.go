package models

import (
	"errors"
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// Stream reads one sequence token by token and predicts the next token. Its memory and its cost per token are
// constant, except for softmax attention, which keeps all keys and values. It is not safe for concurrent use.
type Stream[F params.Float] struct {
	vocab  int
	limit  int   // positions of a sequence; 0: no limit
	start  int32 // see Model
	states *layers.States
	steps  []*streamStep[F] // the longest first
}

// streamChunks are the numbers of tokens that are read at a time: long prompts in long pieces, the rest one by
// one.
var streamChunks = []int{64, 1}

// streamStep is the graph that reads some tokens of each sequence and returns the logits after the last.
type streamStep[F params.Float] struct {
	tokens []int32
	exec   *executor.Executor
	node   *G.Node // of the logits
	out    []F     // memory of the logits; nil before the first run
}

// newStep makes the step of a batch of sequences by that many tokens. The caller holds building.
func (m *Model[F]) newStep(states *layers.States, batch, length int) (*streamStep[F], error) {
	step := &streamStep[F]{tokens: make([]int32, batch*length)}
	g := layers.NewStreaming[F](batch, length, states)
	step.node = m.head.Logits(g, layers.Last[F](m.hidden(g, step.tokens)))
	if length == 1 {
		ops.Independent(g.ExprGraph) // a prompt is read by one Stream: only what follows runs in batches
	}
	var err error
	step.exec, err = executor.New(g.ExprGraph, step.node)
	return step, err
}

// logits returns the logits of the last run, for each sequence.
func (s *streamStep[F]) logits() ([]F, error) {
	if s.out == nil {
		v, err := s.exec.Value(s.node)
		if err != nil {
			return nil, err
		}
		s.out = v.Data().([]F)
	}
	return s.out, nil
}

// DocumentStart returns the token at which everything starts anew, if the documents of the model are independent
// (Common.ResetDocuments).
func (m *Model[F]) DocumentStart() (token int32, independent bool) {
	return m.start, m.start != noStart
}

// errNoNext is the error of a stream of a classifier.
var errNoNext = errors.New("models: a classifier gives a class to a whole sequence: it has no next token to generate")

// NewStream returns a stream at the beginning of a sequence. Later updates of the weights affect it.
func (m *Model[F]) NewStream() (*Stream[F], error) {
	if m.head == nil {
		return nil, errNoNext
	}
	building.Lock()
	defer building.Unlock()
	s := &Stream[F]{vocab: m.Vocab(), limit: m.context(), start: m.start, states: layers.NewStates()}
	for _, length := range streamChunks {
		if c := m.context(); c > 0 && length > c {
			continue
		}
		step, err := m.newStep(s.states, 1, length)
		if err != nil {
			return nil, err
		}
		s.steps = append(s.steps, step)
	}
	return s, nil
}

// Append reads at least one token and returns the logits [S] of the next one. The slice is valid until the next
// call. It returns an error for tokens outside the vocabulary, and for more tokens than Left. Of a model whose documents
// are independent (Common.ResetDocuments), the token that begins a document resets the stream before it is read.
func (s *Stream[F]) Append(tokens []int32) ([]F, error) {
	if len(tokens) == 0 {
		return nil, fmt.Errorf("models: no tokens to read")
	}
	for i, t := range tokens {
		if t < 0 || int(t) >= s.vocab {
			return nil, fmt.Errorf("models: token %d at position %d, but the vocabulary is 0 to %d", t, i, s.vocab-1)
		}
	}
	left, limited := s.Left()
	for rest := tokens; len(rest) > 0; {
		if rest[0] == s.start {
			left = s.limit
		}
		n := s.document(rest)
		if limited && n > left {
			return nil, fmt.Errorf("models: %d tokens to read, but the model's context has %d positions left", n, left)
		}
		left, rest = left-n, rest[n:]
	}
	var last *streamStep[F]
	for len(tokens) > 0 {
		if tokens[0] == s.start {
			s.Reset()
		}
		n := s.document(tokens)
		var err error
		if last, err = s.read(tokens[:n]); err != nil {
			return nil, err
		}
		tokens = tokens[n:]
	}
	return last.logits()
}

// document returns the number of tokens before the next document.
func (s *Stream[F]) document(tokens []int32) int {
	if next := slices.Index(tokens[1:], s.start); next >= 0 {
		return 1 + next
	}
	return len(tokens)
}

// read reads tokens of one document, and returns the step that has the logits.
func (s *Stream[F]) read(tokens []int32) (last *streamStep[F], err error) {
	for _, step := range s.steps {
		for len(tokens) >= len(step.tokens) {
			copy(step.tokens, tokens)
			tokens = tokens[len(step.tokens):]
			if err := step.exec.RunAll(); err != nil {
				return nil, err
			}
			last = step
		}
	}
	return last, nil
}

// Left returns the number of tokens that the sequence may still have, and whether there is a limit, which
// learned positions set.
func (s *Stream[F]) Left() (n int, limited bool) { return s.states.Left() }

// Reset returns to the beginning of a sequence.
func (s *Stream[F]) Reset() { s.states.Reset() }

// State returns the state of the model after the tokens so far, as arrays that share memory with the stream.
func (s *Stream[F]) State() []params.Array { return s.states.Arrays() }

// Restore continues from a state that another stream of the same model returned. It returns an error if the
// state does not fit, and then leaves the stream unchanged.
func (s *Stream[F]) Restore(state []params.Array) error {
	undo, err := s.states.Fit(state)
	if err != nil {
		return fmt.Errorf("models: the state does not fit: %w", err)
	}
	if err := s.restore(state); err != nil {
		undo()
		return err
	}
	return nil
}

// restore copies a state, whose arrays must have the names, shapes and types of those of the stream.
func (s *Stream[F]) restore(state []params.Array) error {
	own := s.states.Arrays()
	if len(state) != len(own) {
		return fmt.Errorf("models: the state has %d arrays, this model's has %d: is it of another model?", len(state), len(own))
	}
	if err := params.Restore(own, state); err != nil {
		return fmt.Errorf("models: %w: is it of another model?", err)
	}
	return nil
}
