package train

import (
	"context"
	"fmt"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/train/metrics"
)

// beforeFirstStep evaluates two batches, so that a broken evaluation fails at once and not after hours. It also
// makes an evaluation that was due when the run was killed.
func (s *session[F]) beforeFirstStep(ctx context.Context) error {
	if err := s.try(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("trial evaluation before the first step: %w", err)
	}
	if s.Step > 0 && !s.Evaluated && s.ended == nil && s.due(s.cfg.EvalEvery) && ctx.Err() == nil {
		if err := s.evaluate(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	s.stopWhenExhausted()
	return nil
}

// try evaluates two batches of every validation set and discards the result.
func (s *session[F]) try(ctx context.Context) (err error) {
	defer s.recovered(&err)
	for _, set := range s.dataset.Valid {
		size, _ := s.cut(set)
		if _, err := s.score(ctx, set, size, 2); err != nil {
			return err
		}
	}
	return nil
}

// cut returns the batches of an evaluation: as many sequences of each set as -eval-batches micro-batches have, in
// batches of at most as many positions as a micro-batch.
func (s *session[F]) cut(set data.Validation) (size, batches int) {
	return Cut(s.cfg.MicroBatch*s.cfg.EvalBatches, set.Len, s.cfg.MicroBatch*s.dataset.SeqLen)
}

// score evaluates the model on a set, together with the other processes of the job.
func (s *session[F]) score(ctx context.Context, set data.Validation, size, batches int, each ...func(models.Stats)) (Score, error) {
	all := share{}
	if !s.alone() {
		all = share{s.cfg.job, s.cfg.SequenceParallel, s.sliced}
	}
	return evaluate(ctx, s.model, set, &s.scratch, size, batches, all, each...)
}

// evaluate scores the model on every validation set and updates the best score and the patience.
func (s *session[F]) evaluate(ctx context.Context) (err error) {
	defer s.recovered(&err)
	var refused error
	confirm := func(sum models.Stats) {
		if sum.Tokens > 0 && refused == nil {
			refused = s.confirm(sum.Loss)
		}
	}
	if s.ema != nil {
		if err := s.tolerate(s.examine()); err != nil { // an evaluation of the averages says nothing about the weights
			return err
		}
		s.ema.Swap()
	}
	records := make([]metrics.Record, 0, len(s.dataset.Valid))
	for i, set := range s.dataset.Valid {
		var score Score
		size, batches := s.cut(set)
		if score, err = s.score(ctx, set, size, batches, confirm); err != nil {
			break
		}
		r := s.newRecord(set.Name)
		if i == 0 {
			r.Split = metrics.Valid
		}
		r.Length, r.Loss, r.BPB = set.Len, score.Loss, score.BPB
		if s.dataset.Chance > 0 {
			r.Accuracy, r.SequenceAccuracy = score.Accuracy, score.SequenceAccuracy
		}
		if len(score.Confusion) <= metrics.MaxConfusion {
			r.Confusion = score.Confusion
		}
		records = append(records, r)
	}
	if s.ema != nil {
		s.ema.Swap()
	}
	if err == nil {
		err = refused
	}
	if err != nil {
		return err
	}
	better := s.updateBest(records[0])
	if s.leads() {
		if err := s.show(records, better); err != nil {
			return err
		}
	}
	if err := s.saveEvaluation(better); err != nil {
		return err
	}
	if now := time.Now(); s.leads() && now.Sub(s.plotted) > 15*time.Second {
		s.plotted = now
		return s.log.Plot()
	}
	return nil
}

// show writes and shows the results of an evaluation.
func (s *session[F]) show(records []metrics.Record, better bool) error {
	note := ""
	if better {
		note = "(best)"
	}
	if s.dataset.ByLength {
		s.console.ByLength(records, note)
	}
	for _, r := range records {
		if !s.dataset.ByLength {
			s.console.Valid(r, note)
			note = ""
		}
		if err := s.log.Write(r); err != nil {
			return err
		}
	}
	return nil
}

// updateBest compares an evaluation with the best so far. A loss that is not finite is never better. An
// evaluation made only because the session ends has no influence on later steps, so that a resumed run equals
// an uninterrupted one.
func (s *session[F]) updateBest(r metrics.Record) (better bool) {
	better = finite(r.Loss) && (s.Best == nil || r.Loss < s.Best.Value)
	enough := finite(r.Loss) && (s.Best == nil || r.Loss < s.Best.Value-s.cfg.MinDelta)
	measured := &checkpoints.Best{Metric: "valid loss", Value: r.Loss, Step: s.Step}
	if finite(r.BPB) {
		measured.BPB = r.BPB
	}
	if !s.onCadence(s.cfg.EvalEvery) {
		if finite(r.Loss) {
			s.ended = measured
		}
		return better
	}
	s.Evaluated = true
	if better {
		s.Best = measured
	}
	if s.Patience++; enough {
		s.Patience = 0
	}
	s.stopWhenExhausted()
	return better
}

// stopWhenExhausted ends the run if too many evaluations were without progress.
func (s *session[F]) stopWhenExhausted() {
	if s.cfg.Patience == 0 || s.Patience < s.cfg.Patience {
		return
	}
	text := fmt.Sprintf("the validation loss did not fall in %d evaluations in a row (-patience)", s.Patience)
	if s.cfg.MinDelta > 0 {
		text = fmt.Sprintf("the validation loss did not fall by more than %g in %d evaluations in a row (-patience, -min-delta)", s.cfg.MinDelta, s.Patience)
	}
	s.result.Reason, s.more = text, fmt.Sprintf("-patience %d", 2*s.cfg.Patience)
}

// saveEvaluation updates the checkpoint of this step, or makes one if the evaluation is the best so far.
func (s *session[F]) saveEvaluation(better bool) error {
	if s.saved != s.Step {
		if better {
			return s.savePeriodically()
		}
		return nil
	}
	state, err := s.state()
	if err == nil {
		err = housekeeping(s.saver.Update(state), s.out)
	}
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}

// bestOf returns the best evaluation, including that of the end of the session, or nil.
func (s *session[F]) bestOf() *checkpoints.Best {
	if s.ended != nil && (s.Best == nil || s.ended.Value < s.Best.Value) {
		return s.ended
	}
	return s.Best
}

// bestText describes an evaluation.
func bestText(b *checkpoints.Best) string {
	text := fmt.Sprintf("validation loss %.4f nats per token", b.Value)
	if b.BPB > 0 {
		text += fmt.Sprintf(", %.4f bits per byte", b.BPB)
	}
	return text
}
