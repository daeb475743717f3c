package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train"
	"goomtrain/train/metrics"
)

// largestBatch is the number of positions of a batch: what fits the caches and the memory of any machine.
const largestBatch = 1 << 12

// A result is the score on one validation set. Numbers that are not known or not finite are nil.
type result struct {
	Step             int64    `json:"step"` // of the weights
	Split            string   `json:"split"`
	Length           int      `json:"length"`
	Sequences        int      `json:"sequences"` // with a counted token
	Tokens           int      `json:"tokens"`    // counted
	Loss             *float64 `json:"loss,omitempty"`
	Perplexity       *float64 `json:"perplexity,omitempty"`
	BPB              *float64 `json:"bpb,omitempty"`
	Accuracy         *float64 `json:"accuracy,omitempty"`
	SequenceAccuracy *float64 `json:"sequence_accuracy,omitempty"`

	Names     []string             `json:"names,omitempty"` // of the classes
	Classes   []metrics.ClassScore `json:"classes,omitempty"`
	Confusion metrics.Confusion    `json:"confusion,omitempty"`

	Positions []rangeScore `json:"positions,omitempty"`
}

// score scores the model on every validation set.
func score[F params.Float](ctx context.Context, o options, saved models.Saved, dataset *data.Dataset, out io.Writer) error {
	model, err := models.Load[F](saved, o.average)
	if err != nil {
		return err
	}
	var all []result
	var batch data.Batch
	for _, set := range dataset.Valid {
		size, batches := train.Cut(o.sequences, set.Len, largestBatch)
		count := newPositionCount(set.Len, o.positions)
		s, err := train.Evaluate(ctx, model, set, &batch, size, batches, func(models.Stats) { count.add(&batch, model) })
		if err != nil {
			return err
		}
		r := result{Step: saved.Weights.State.Step, Split: set.Name, Length: set.Len, Sequences: s.Sequences, Tokens: s.Tokens,
			Loss: known(s.Loss), Perplexity: known(math.Exp(s.Loss)), BPB: known(s.BPB), Accuracy: known(s.Accuracy), SequenceAccuracy: known(s.SequenceAccuracy),
			Positions: count.scores()}
		if s.Confusion != nil {
			r.Names, r.Classes, r.Confusion = set.Classes.Names, s.Confusion.Scores(), s.Confusion
		}
		all = append(all, r)
		if o.json {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
				return err
			}
		}
	}
	if o.json {
		return nil
	}
	return writeTables(out, all)
}

// writeTables writes the scores of all sets, then what there is by position and by class.
func writeTables(out io.Writer, all []result) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "length\tsequences\ttokens\tloss\tperplexity\tbpb\taccuracy\tof sequences\t")
	for _, r := range all {
		fmt.Fprintf(table, "%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t\n", r.Length, r.Sequences, r.Tokens, cell("%.4f", 1, r.Loss),
			cell("%.5g", 1, r.Perplexity), cell("%.4f", 1, r.BPB), cell("%.2f%%", 100, r.Accuracy), cell("%.2f%%", 100, r.SequenceAccuracy))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range all {
		if r.Positions == nil && r.Confusion == nil {
			continue
		}
		fmt.Fprintln(out)
		if len(all) > 1 {
			fmt.Fprintf(out, "length %d:\n", r.Length)
		}
		if r.Positions != nil {
			if err := writePositions(out, r.Positions); err != nil {
				return err
			}
		}
		if r.Confusion == nil {
			continue
		}
		if r.Positions != nil {
			fmt.Fprintln(out)
		}
		if err := r.Confusion.WriteTable(out, r.Names); err != nil {
			return err
		}
	}
	return nil
}

// known returns nil for NaN and infinities, which JSON does not have.
func known(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// cell formats a number of a table, "-" if it is not known.
func cell(format string, unit float64, x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf(format, unit**x)
}
