package models

import (
	"errors"
	"fmt"

	"goomtrain/internal/comm"
	"goomtrain/ops"
)

// ErrNotCut is wrapped by errors about a network with ops that need the whole sequence.
var ErrNotCut = ops.ErrNotCut

// SetSequence implements SequenceParallel.
func (m *Model[F]) SetSequence(g *comm.Group) error {
	if g.Size() == 1 {
		m.cut(nil)
		return nil
	}
	switch {
	case m.head == nil:
		return fmt.Errorf("models: %s: %w: it gives a class to a whole sequence", m.name(), ErrNotCut)
	case m.start != noStart:
		return fmt.Errorf("models: %s: %w: documents are told apart (-reset-documents)", m.name(), ErrNotCut)
	case m.gpu != nil:
		return errors.New("models: a model on a GPU has whole sequences: choose -device cpu")
	}
	before := m.part
	m.cut(ops.NewPart(g))
	if _, err := m.build(1, 1, true); err != nil {
		m.cut(before)
		return fmt.Errorf("models: %s: %w", m.name(), err)
	}
	return nil
}

// cut sets the part of each sequence that the model has; nil: all of it.
func (m *Model[F]) cut(p *ops.Part) { m.part, m.train, m.eval, m.last = p, nil, nil, nil }

// name returns the name of the architecture, for errors.
func (m *Model[F]) name() string {
	if m.config.Model == "" {
		return "the network"
	}
	return m.config.Model
}

// What a process says of its part of a sequence.
const (
	partCounts = 1 << iota // there are counted targets
	partErrs               // some of them are not predicted
)

// countSequences makes rank 0 count the sequences of the last run of a graph, and the others none: a sequence is correct if
// it is so in all parts.
func (m *Model[F]) countSequences(c *compiled[F], s *Stats) error {
	if m.part == nil {
		return nil
	}
	predicted, mine := c.outcome.Predicted(), make([]uint8, c.size)
	for i, target := range c.targets {
		if target < 0 {
			continue
		}
		mine[i/c.length] |= partCounts
		if predicted[0] != target {
			mine[i/c.length] |= partErrs
		}
		predicted = predicted[1:]
	}
	all, err := m.part.Gather(mine)
	if err != nil {
		return err
	}
	s.Sequences, s.CorrectSequences = 0, 0
	if m.part.Rank() > 0 {
		return nil
	}
	for b := range c.size {
		var said uint8
		for r := range m.part.Size() {
			said |= all[r*c.size+b]
		}
		if said&partCounts != 0 {
			s.Sequences++
		}
		if said == partCounts {
			s.CorrectSequences++
		}
	}
	return nil
}
