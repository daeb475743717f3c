package train

import (
	"context"
	"fmt"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/train/metrics"
)

// beforeFirstStep runs two validation batches, so that a broken evaluation fails at once and not
// after hours, and makes up for an evaluation that a kill cut off.
func (s *session[F]) beforeFirstStep(ctx context.Context) error {
	if err := s.try(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("trial evaluation before the first step: %w", err)
	}
	if s.step > 0 && !s.evaluated && s.due(s.cfg.EvalEvery) && ctx.Err() == nil {
		if err := s.evaluate(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	if s.cfg.Patience > 0 && s.patience >= s.cfg.Patience {
		s.result.Reason = s.exhausted()
	}
	return nil
}

// try evaluates every validation set on two batches and throws the result away.
func (s *session[F]) try(ctx context.Context) (err error) {
	defer s.recovered(&err)
	for _, set := range s.dataset.Valid {
		if _, err := Evaluate(ctx, s.model, set, &s.scratch, s.cfg.MicroBatch, 2); err != nil {
			return err
		}
	}
	return nil
}

// evaluate scores the model on every validation set, keeps the best, and counts the patience.
func (s *session[F]) evaluate(ctx context.Context) (err error) {
	defer s.recovered(&err)
	if s.ema != nil {
		s.ema.Swap()
	}
	records := make([]metrics.Record, 0, len(s.dataset.Valid))
	for i, set := range s.dataset.Valid {
		var score Score
		if score, err = Evaluate(ctx, s.model, set, &s.scratch, s.cfg.MicroBatch, s.cfg.EvalBatches); err != nil {
			break
		}
		r := s.blank(set.Name)
		if i == 0 {
			r.Split = metrics.Valid
		}
		r.Loss, r.BPB = score.Loss, score.BPB
		if s.dataset.Chance > 0 {
			r.Accuracy = score.Accuracy
		}
		records = append(records, r)
	}
	if s.ema != nil {
		s.ema.Swap()
	}
	if err != nil {
		return err
	}
	s.evaluated = true
	better := s.judge(records[0])
	for i, r := range records {
		note := ""
		if i == 0 && better {
			note = "(best)"
		}
		s.console.Valid(r, note)
		if err := s.log.Write(r); err != nil {
			return err
		}
	}
	if err := s.saveJudgement(better); err != nil {
		return err
	}
	if now := time.Now(); now.Sub(s.plotted) > 15*time.Second {
		s.plotted = now
		return s.log.Plot()
	}
	return nil
}

// judge compares a validation with the best so far. A loss that is not finite is never better.
func (s *session[F]) judge(r metrics.Record) (better bool) {
	better = finite(r.Loss) && (s.best == nil || r.Loss < s.best.Value)
	enough := finite(r.Loss) && (s.best == nil || r.Loss < s.best.Value-s.cfg.MinDelta)
	if better {
		s.best, s.bestBPB = &checkpoints.Best{Metric: "valid loss", Value: r.Loss, Step: s.step}, 0
		if finite(r.BPB) {
			s.bestBPB = r.BPB
		}
	}
	if s.patience++; enough {
		s.patience = 0
	}
	if s.cfg.Patience > 0 && s.patience >= s.cfg.Patience {
		s.result.Reason = s.exhausted()
	}
	return better
}

func (s *session[F]) exhausted() string {
	return fmt.Sprintf("%d evaluations in a row did not lower the validation loss (-patience)", s.patience)
}

// saveJudgement brings the checkpoint of this step up to date, and makes one for a new best.
func (s *session[F]) saveJudgement(better bool) error {
	if s.saved != s.step {
		if better {
			return s.save()
		}
		return nil
	}
	state, err := s.state()
	if err == nil {
		err = tidy(s.saver.Update(state), s.out)
	}
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}

// bestText is the best validation for people.
func (s *session[F]) bestText() string {
	text := fmt.Sprintf("validation loss %.4f nats per token", s.best.Value)
	if s.bestBPB > 0 {
		text += fmt.Sprintf(", %.4f bits per byte", s.bestBPB)
	}
	return text
}
