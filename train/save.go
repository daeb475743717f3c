package train

import (
	"encoding/json"
	"errors"
	"fmt"

	"goomtrain/checkpoints"
	"goomtrain/params"
)

// state collects what the next step depends on, besides the arrays.
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

// arrays are the optimiser's and the average's.
func (s *session[F]) arrays() []params.Array {
	out := s.optimizer.State()
	if s.ema != nil {
		out = append(out, s.ema.State()...)
	}
	return out
}

// save writes a checkpoint of this step beside the training.
func (s *session[F]) save() error {
	state, err := s.state()
	if err == nil {
		err = s.log.Sync() // a checkpoint must never be ahead of the metrics
	}
	if err == nil {
		err = housekeeping(s.saver.Submit(state, params.Values(s.params), s.arrays()), s.out)
	}
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	s.saved = s.Step
	return nil
}

// saveOnce saves this step unless that is done, and waits until it is on disk.
func (s *session[F]) saveOnce() error {
	if s.saved != s.Step {
		if err := s.save(); err != nil {
			return err
		}
	}
	if err := housekeeping(s.saver.Wait(), s.out); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}
