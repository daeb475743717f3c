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

// checkHealth returns errUnhealthy, with the reason, unless a forward pass with the weights of the proposed checkpoint
// gives a finite loss.
func (s *session[F]) checkHealth() (err error) {
	defer s.recovered(&err)
	if err := s.gpu.pull(); err != nil {
		return err
	}
	if name := nonfinite(s.params); name != "" {
		return fmt.Errorf("%w: after step %d the weights in %s are not finite", errUnhealthy, s.proposed, name)
	}
	size, _ := s.cut(s.dataset.Valid[0])
	score, err := s.score(context.Background(), s.dataset.Valid[0], size, 1) // even if interrupted
	if err == nil && !finite(score.Loss) {
		err = fmt.Errorf("%w: after step %d the validation loss is %g", errUnhealthy, s.proposed, score.Loss)
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

// savePeriodically saves this step in the course of training. It does not save while steps are being skipped.
func (s *session[F]) savePeriodically() error {
	if s.Skipped > 0 {
		return nil
	}
	return s.tolerate(s.save())
}

// tolerate turns the error about bad weights into a warning where a run goes on in spite of them.
func (s *session[F]) tolerate(err error) error {
	if errors.Is(err, errUnhealthy) && s.cfg.OnNonfinite == "skip" {
		s.console.Printf("warning: %v\n", err)
		return nil
	}
	return err
}

// save proposes a checkpoint of this step: it is copied and written in the background, but kept only if training can
// continue from it. Next, confirm or examine decides that.
func (s *session[F]) save() error {
	if err := s.gpu.pull(); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	state, err := s.state()
	if err == nil {
		err = s.saver.Propose(state, params.Weights(s.params), s.arrays())
		if err == nil || errors.Is(err, checkpoints.ErrPrevious) {
			s.proposed, s.undecided = s.Step, true
		}
		err = housekeeping(err, s.out)
	}
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	if s.gpu != nil {
		return s.examine() // the weights of the device change with the next step
	}
	return nil
}

// confirm decides about the proposed checkpoint, if there is one, by the loss of a forward pass with its weights. The
// arrays may change after it. A loss that is not finite may be that of a special batch: then examine decides.
func (s *session[F]) confirm(loss float64) error {
	if s.undecided && s.saver.BeforeChange() && finite(loss) {
		return s.decide(nil)
	}
	return s.tolerate(s.examine())
}

// examine decides about the proposed checkpoint, if there is one, by a forward pass of its own, which takes time. The
// arrays may change after it.
func (s *session[F]) examine() error {
	if !s.undecided {
		return nil
	}
	return s.decide(s.checkHealth())
}

// decide accepts the proposed checkpoint, or rejects it because of an error.
func (s *session[F]) decide(err error) error {
	s.undecided = false
	s.saver.BeforeChange()
	if err == nil {
		s.saver.Accept()
		s.saved = s.proposed
		return nil
	}
	s.saver.Reject()
	if errors.Is(err, errUnhealthy) {
		return fmt.Errorf("%w; %s; try a lower -lr", err, s.lastGood())
	}
	return fmt.Errorf("save: %w", err)
}

// saveOnce saves this step unless it is already saved, and waits until it is on disk.
func (s *session[F]) saveOnce() error {
	if s.saved != s.Step && !s.undecided {
		if err := s.save(); err != nil {
			return err
		}
	}
	if err := s.examine(); err != nil {
		return err
	}
	if err := housekeeping(s.saver.Wait(), s.out); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}
