package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"goomtrain/checkpoints"
	"goomtrain/params"
)

// state returns everything but arrays that the next step depends on.
func (s *session[F]) state() (checkpoints.State, error) {
	position, err := s.source.State()
	if err != nil {
		return checkpoints.State{}, fmt.Errorf("position of the training data: %w", err)
	}
	if !json.Valid(position) {
		return checkpoints.State{}, errors.New("position of the training data: a data.Source's State must be JSON")
	}
	state := checkpoints.State{Progress: s.Progress, Ended: s.ended, Data: position, DataFingerprint: s.dataset.Fingerprint,
		DType: s.cfg.DType, Config: s.cfg.Settings().TOML()}
	state.ElapsedSeconds = s.elapsed()
	return state, nil
}

// arrays returns the arrays of the optimizer and of the moving average.
func (s *session[F]) arrays() []params.Array {
	out := s.optimizer.State()
	if s.ema != nil {
		out = append(out, s.ema.State()...)
	}
	return out
}

// errUnhealthy is the error of a save that was refused because of the weights.
var errUnhealthy = errors.New("not saved")

// checkHealth returns errUnhealthy, with the reason, unless a forward pass with the weights gives a finite
// loss. Every checkpoint is checked before it is saved, so training can continue from it.
func (s *session[F]) checkHealth(ctx context.Context) (err error) {
	defer s.recovered(&err)
	if err := s.gpu.pull(); err != nil {
		return err
	}
	if name := nonfinite(s.params); name != "" {
		return fmt.Errorf("%w: after step %d the weights in %s are not finite", errUnhealthy, s.Step, name)
	}
	size, _ := s.cut(s.dataset.Valid[0])
	score, err := Evaluate(ctx, s.model, s.dataset.Valid[0], &s.scratch, size, 1)
	if err == nil && !finite(score.Loss) {
		err = fmt.Errorf("%w: after step %d the validation loss is %g", errUnhealthy, s.Step, score.Loss)
	}
	return err
}

// nonfinite returns the name of the first parameter with a value that is not finite, or "".
func nonfinite[F params.Float](ps []*params.Param[F]) string {
	for _, p := range ps {
		for _, v := range p.Value {
			if !finite(float64(v)) {
				return p.Name
			}
		}
	}
	return ""
}

// savePeriodically saves this step in the course of training. It does not save while steps are being skipped,
// nor weights that give NaN.
func (s *session[F]) savePeriodically(ctx context.Context) error {
	if s.Skipped > 0 {
		return nil
	}
	err := s.save(ctx)
	if errors.Is(err, errUnhealthy) && s.cfg.OnNonfinite == "skip" {
		s.console.Printf("warning: %v\n", err)
		return nil
	}
	return err
}

// save writes a checkpoint of this step in the background.
func (s *session[F]) save(ctx context.Context) error {
	// An interrupt must not prevent this check.
	if err := s.checkHealth(context.WithoutCancel(ctx)); errors.Is(err, errUnhealthy) {
		return fmt.Errorf("%w; %s; try a lower -lr", err, s.lastGood())
	} else if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	state, err := s.state()
	if err == nil {
		err = s.log.Sync() // a checkpoint must never be ahead of the metrics
	}
	if err == nil {
		err = housekeeping(s.saver.Submit(state, params.Weights(s.params), s.arrays()), s.out)
	}
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	s.saved = s.Step
	return nil
}

// saveOnce saves this step unless it is already saved, and waits until it is on disk.
func (s *session[F]) saveOnce(ctx context.Context) error {
	if s.saved != s.Step {
		if err := s.save(ctx); err != nil {
			return err
		}
	}
	if err := housekeeping(s.saver.Wait(), s.out); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}
