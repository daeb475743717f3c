package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"goomtrain/data"
)

// A rangeScore is the score of the counted tokens at some positions of the sequences, the first of which is 1. Numbers that
// are not known or not finite are nil.
type rangeScore struct {
	From     int      `json:"from"`
	To       int      `json:"to"`
	Tokens   int      `json:"tokens"`
	Loss     *float64 `json:"loss,omitempty"`
	Accuracy *float64 `json:"accuracy,omitempty"`
}

// A positionCount counts tokens, losses and correct predictions by ranges of positions.
type positionCount struct {
	length    int
	ranges    []rangeCount
	losses    []float64 // of a batch
	predicted []int32
}

type rangeCount struct {
	tokens, correct int
	loss            float64
}

// newPositionCount returns a count of n ranges of equal size, to rounding, or fewer of one position each; 0: none.
func newPositionCount(length, n int) *positionCount {
	return &positionCount{length: length, ranges: make([]rangeCount, min(n, length))}
}

// scorer is what a model tells about the last batch that it has evaluated.
type scorer interface {
	Losses(to []float64) []float64
	Predicted(to []int32) []int32
}

// add counts the batch that the model has just evaluated.
func (c *positionCount) add(batch *data.Batch, model scorer) {
	if len(c.ranges) == 0 {
		return
	}
	c.losses, c.predicted = model.Losses(c.losses[:0]), model.Predicted(c.predicted[:0])
	n := 0
	for i, target := range batch.Targets {
		if target < 0 {
			continue
		}
		r := &c.ranges[c.rangeOf(i%batch.Len)]
		r.tokens++
		r.loss += c.losses[n]
		if c.predicted[n] == target {
			r.correct++
		}
		n++
	}
}

// rangeOf returns the range of a position: range r begins at position r length / n, rounded up.
func (c *positionCount) rangeOf(position int) int { return position * len(c.ranges) / c.length }

// scores returns the ranges, in their order.
func (c *positionCount) scores() (all []rangeScore) {
	for r, n := range c.ranges {
		begin := func(r int) int { return (r*c.length + len(c.ranges) - 1) / len(c.ranges) }
		s := rangeScore{From: begin(r) + 1, To: begin(r + 1), Tokens: n.tokens}
		if n.tokens > 0 {
			s.Loss, s.Accuracy = known(n.loss/float64(n.tokens)), known(float64(n.correct)/float64(n.tokens))
		}
		all = append(all, s)
	}
	return all
}

// writePositions writes the scores as a table.
func writePositions(out io.Writer, scores []rangeScore) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "positions\ttokens\tloss\taccuracy\t")
	for _, s := range scores {
		positions := fmt.Sprint(s.From)
		if s.To > s.From {
			positions = fmt.Sprintf("%d-%d", s.From, s.To)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t\n", positions, s.Tokens, cell("%.4f", 1, s.Loss), cell("%.2f%%", 100, s.Accuracy))
	}
	return table.Flush()
}
