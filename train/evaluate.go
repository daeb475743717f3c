package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"goomtrain/data"
	"goomtrain/internal/comm"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train/metrics"
)

// A Score is the result of a model on a validation set.
type Score struct {
	Loss     float64 // nats per counted token
	BPB      float64 // bits per byte; NaN where bytes are not known
	Accuracy float64 // share of the counted tokens predicted correctly
	Tokens   int     // counted tokens

	SequenceAccuracy float64 // share of the sequences whose counted tokens are all predicted correctly; NaN if the model does not count them
	Sequences        int     // sequences with a counted token; 0 if the model does not count them

	Confusion metrics.Confusion // nil if the sequences have no classes or more than metrics.MaxCounted, or if the model is no Predictor
}

// Cut returns how to score a number of sequences of length positions in batches of equal size that have at most
// that many positions each: the size in sequences, at least 1, and the number of batches.
func Cut(sequences, length, positions int) (size, batches int) {
	size = max(1, min(sequences, positions/length))
	for sequences%size != 0 {
		size--
	}
	return size, sequences / size
}

// Evaluate scores a model on the first batches of a validation set, with size sequences each. It uses batch as
// scratch memory, and calls each, with the sums so far, after every batch that the model has evaluated. If ctx is
// canceled, it returns the error of ctx.
func Evaluate[F params.Float](ctx context.Context, model models.Trainable[F], set data.Validation, batch *data.Batch, size, batches int, each ...func(models.Stats)) (Score, error) {
	return evaluate(ctx, model, set, batch, size, batches, share{}, each...)
}

// A share is the part of an evaluation that one of several processes makes; the zero share is all of it.
type share struct {
	job      *comm.Group // that gathers the results; nil: there is no other process
	sequence int         // processes that score a batch together, each its part of the sequences
	cut      func(b *data.Batch) (inputs, targets []int32, length int, err error)
}

// mine reports whether this process scores a batch.
func (s share) mine(batch int) bool {
	return s.job == nil || s.job.Rank()/s.sequence == batch%(s.job.Size()/s.sequence)
}

// gather makes the results by batch and the classes those of all processes.
func (s share) gather(results []models.Stats, confusion metrics.Confusion) error {
	if s.job == nil {
		return nil
	}
	var mine []float64
	for _, r := range results {
		mine = append(mine, r.Loss, float64(r.Tokens), float64(r.Correct), float64(r.Sequences), float64(r.CorrectSequences))
	}
	for _, row := range confusion {
		for _, n := range row {
			mine = append(mine, float64(n))
		}
	}
	all := make([]float64, len(mine)*s.job.Size())
	if err := comm.AllGather(s.job, all, mine); err != nil {
		return err
	}
	clear(results)
	for _, row := range confusion {
		clear(row)
	}
	next := func() float64 {
		x := all[0]
		all = all[1:]
		return x
	}
	for range s.job.Size() {
		for i := range results {
			results[i].Add(models.Stats{Loss: next(), Tokens: int(next()), Correct: int(next()), Sequences: int(next()), CorrectSequences: int(next())})
		}
		for _, row := range confusion {
			for i := range row {
				row[i] += int(next())
			}
		}
	}
	return nil
}

func evaluate[F params.Float](ctx context.Context, model models.Trainable[F], set data.Validation, batch *data.Batch, size, batches int, s share, each ...func(models.Stats)) (Score, error) {
	fail := func(err error) (Score, error) {
		return Score{}, fmt.Errorf("validation set %s: %w", set.Name, err)
	}
	source, err := set.Source()
	if err != nil {
		return fail(err)
	}
	var sum models.Stats
	var results []models.Stats // by batch, where several processes score them
	bytes := 0.0
	classes := newClassCount(set.Classes, model)
	for n := 0; n < batches; n++ {
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		batch.Size = size
		if err := source.Next(batch); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fail(err)
		}
		bytes += batch.Bytes
		if !s.mine(n) {
			results = append(results, models.Stats{})
			continue
		}
		inputs, targets, length := batch.Inputs, batch.Targets, batch.Len
		if s.cut != nil {
			if inputs, targets, length, err = s.cut(batch); err != nil {
				return fail(err)
			}
		}
		stats, err := model.Evaluate(inputs, targets, batch.Size, length)
		if err != nil {
			return fail(err)
		}
		classes.add(targets)
		if s.job != nil {
			results = append(results, stats)
			continue
		}
		sum.Add(stats)
		for _, f := range each {
			f(sum)
		}
	}
	if err := s.gather(results, classes.confusion); err != nil {
		return fail(err)
	}
	for _, r := range results {
		sum.Add(r)
	}
	if s.job != nil {
		for _, f := range each {
			f(sum)
		}
	}
	if sum.Tokens == 0 {
		return Score{}, fmt.Errorf("validation set %s has no counted target", set.Name)
	}
	return Score{
		Loss:     sum.Loss / float64(sum.Tokens),
		BPB:      bitsPerByte(sum.Loss, bytes),
		Accuracy: float64(sum.Correct) / float64(sum.Tokens),
		Tokens:   sum.Tokens,

		SequenceAccuracy: float64(sum.CorrectSequences) / float64(sum.Sequences),
		Sequences:        sum.Sequences,
		Confusion:        classes.confusion,
	}, nil
}

// A classCount counts the classes that a model predicts.
type classCount struct {
	first     int32
	predictor models.Predictor
	predicted []int32
	confusion metrics.Confusion // nil: none are counted
}

func newClassCount(classes *data.Classes, model any) (c classCount) {
	predictor, ok := model.(models.Predictor)
	if classes != nil && ok && len(classes.Names) <= metrics.MaxCounted {
		c = classCount{first: classes.First, predictor: predictor, confusion: metrics.NewConfusion(len(classes.Names))}
	}
	return c
}

// add counts the targets of the batch that the model has just evaluated.
func (c *classCount) add(targets []int32) {
	if c.confusion == nil {
		return
	}
	c.predicted = c.predictor.Predicted(c.predicted[:0])
	n := 0
	for _, target := range targets {
		if target >= 0 {
			c.confusion.Add(int(target-c.first), int(c.predicted[n]-c.first))
			n++
		}
	}
}

// bitsPerByte converts a sum of nats over text of that many bytes to bits per byte; NaN without text.
func bitsPerByte(nats, bytes float64) float64 {
	if bytes <= 0 {
		return math.NaN()
	}
	return nats / (math.Ln2 * bytes)
}

// counted returns the number of targets that are not masked.
func counted(targets []int32) int {
	n := 0
	for _, t := range targets {
		if t >= 0 {
			n++
		}
	}
	return n
}

// finite reports whether x is neither NaN nor infinite.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
