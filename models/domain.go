package models

import (
	"fmt"

	"goomtrain/layers"
	"goomtrain/params"
)

// check returns an error for values that would make the graph of a classifier panic.
func (d Domain) check(inputs, targets []int32, length int) error {
	if d.Length > 0 && length != d.Length {
		return fmt.Errorf("models: sequences of length %d, but the model classifies images of %d pixels", length, d.Length)
	}
	tokens := int32(d.Vocab - d.Classes)
	for i, t := range inputs {
		if t < 0 || t >= tokens {
			return fmt.Errorf("models: token %d at position %d of sequence %d, but the tokens before the classes are 0 to %d", t, i%length, i/length, tokens-1)
		}
	}
	counted := -1 // the last sequence with a counted target
	for i, t := range targets {
		switch {
		case t == -1:
			continue
		case t < tokens || int(t) >= d.Vocab:
			return fmt.Errorf("models: target %d at position %d of sequence %d, want a class, %d to %d, or -1 where none is counted", t, i%length, i/length, tokens, d.Vocab-1)
		case counted == i/length:
			return fmt.Errorf("models: sequence %d has several targets, but a classifier needs one, at its last position", i/length)
		}
		counted = i / length
	}
	return nil
}

// addSpans adds places to a graph.
func addSpans[F params.Float](g *layers.Graph[F], s spans) {
	g.Ends = g.Input("ends", s.ends, g.Batch)
	g.Padding = g.Input("padding", s.padding, g.Batch, g.Length)
}

// spans holds where the sequences of a batch end.
type spans struct {
	ends    []int32 // [B] last positions
	padding []int32 // [B, T] 1 behind them
}

func newSpans(size, length int) spans { return spans{make([]int32, size), make([]int32, size*length)} }

// set finds the counted target of each sequence: its class, counted from first, and its position, at which the sequence
// ends. A sequence without one has the class -1 and no padding.
func (s spans) set(classes, targets []int32, first int32) {
	length := len(targets) / len(s.ends)
	for b := range s.ends {
		row := targets[b*length : (b+1)*length]
		end := length - 1
		classes[b] = -1
		for t, target := range row {
			if target >= 0 {
				classes[b], end = target-first, t
			}
		}
		s.ends[b] = int32(end)
		for t := range row {
			s.padding[b*length+t] = 0
			if t > end {
				s.padding[b*length+t] = 1
			}
		}
	}
}
