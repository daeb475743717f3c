package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"goomtrain/checkpoints"
	"goomtrain/models"
	"goomtrain/params"
)

// extra is what a checkpoint's state.json holds for this package.
type extra struct {
	Config    string  `json:"config"`    // the run's config.toml
	Evaluated bool    `json:"evaluated"` // this step's evaluation is in best and patience
	Nonfinite int     `json:"nonfinite"` // steps skipped in a row
	BestBPB   float64 `json:"best_bpb,omitempty"`
}

// state collects what the next step depends on, besides the arrays.
func (s *session[F]) state() (checkpoints.State, error) {
	position, err := s.source.State()
	if err != nil {
		return checkpoints.State{}, fmt.Errorf("position of the training data: %w", err)
	}
	if !json.Valid(position) {
		return checkpoints.State{}, errors.New("position of the training data: a data.Source's State must be JSON")
	}
	config := s.cfg.Table().TOML()
	hash := sha256.Sum256([]byte(config))
	more, err := json.Marshal(extra{Config: config, Evaluated: s.evaluated, Nonfinite: s.nonfinite, BestBPB: s.bestBPB})
	if err != nil {
		return checkpoints.State{}, err
	}
	state := checkpoints.State{
		Step: s.step, Tokens: s.tokens, ElapsedSeconds: s.elapsed(), Schedule: s.cfg.Schedule,
		Data: position, Best: s.best, Patience: s.patience, ConfigHash: hex.EncodeToString(hash[:]),
		DataFingerprint: s.dataset.Fingerprint, DType: s.cfg.DType, Extra: more,
	}
	if m, ok := s.model.(interface{ Config() models.Config }); ok && m.Config() != (models.Config{}) {
		if state.Model, err = json.Marshal(m.Config()); err != nil {
			return state, err
		}
	}
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
		err = tidy(s.saver.Submit(state, params.Values(s.params), s.arrays()), s.out)
	}
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	s.saved = s.step
	return nil
}

// saveOnce saves this step unless that is done, and waits until it is on disk.
func (s *session[F]) saveOnce() error {
	if s.saved != s.step {
		if err := s.save(); err != nil {
			return err
		}
	}
	if err := tidy(s.saver.Wait(), s.out); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}
