package train

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"goomtrain/checkpoints"
	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train/metrics"
)

// restore restores the checkpoint of cfg.Resume. A run that was killed before its first checkpoint starts again
// from the beginning, with the same result.
func (s *session[F]) restore() error {
	c, err := s.load()
	if errors.Is(err, checkpoints.ErrNone) && s.cfg.Resume == s.result.Dir {
		if err := checkpoints.CheckResumable(s.result.Dir); err != nil {
			return err
		}
		if err := s.checkBeginning(); err != nil {
			return err
		}
		fmt.Fprintln(s.out, "note: the run has no checkpoint yet and starts from the beginning")
		if s.cfg.Init == "" {
			return nil
		}
		if err := s.initialize(); err != nil {
			return fmt.Errorf("the run has no checkpoint yet, so it needs the weights that it starts from: %w", err)
		}
		return s.beginAverage()
	} else if err != nil {
		return err
	}
	if c.State.Data == nil {
		return fmt.Errorf("%s has weights and no state of a training, as an import has: start a new run from them with -init in place of -resume", c.Dir)
	}
	for _, note := range c.Notes {
		fmt.Fprintln(s.out, "note:", note)
	}
	saved, err := settings.ReadTOML(c.Dir, c.State.Config)
	if err != nil {
		return fmt.Errorf("the configuration in state.json: %w", err)
	}
	printed := len(s.cfg.notes)
	if err := s.cfg.checkCheckpoint(saved); err != nil {
		return fmt.Errorf("%s: %w", c.Dir, err)
	}
	for _, note := range s.cfg.notes[printed:] {
		fmt.Fprintln(s.out, "note:", note)
	}
	switch st := c.State; {
	case st.DType != s.cfg.DType:
		return fmt.Errorf("%s is a %s checkpoint, but -dtype is %s", c.Dir, st.DType, s.cfg.DType)
	case st.DataFingerprint != s.dataset.Fingerprint && (st.DataFingerprint == "" || st.DataFingerprint != s.dataset.Earlier):
		return fmt.Errorf("the data has changed since the checkpoint, in content, names of several files, weights or fields (fingerprint %.12s, now %.12s): restore it, or start a new run (docs/data.md, Resuming)", st.DataFingerprint, s.dataset.Fingerprint)
	case st.Step > int64(s.cfg.Steps):
		return fmt.Errorf("%s is already at step %d: give a larger -steps than %d", c.Dir, st.Step, s.cfg.Steps)
	}
	if err := c.ReadModel(params.Weights(s.params)); err != nil {
		return err
	}
	if err := c.ReadOptimizer(s.arrays()); err != nil {
		return err
	}
	if err := s.source.Restore(c.State.Data); err != nil {
		return fmt.Errorf("%s: %w", c.Dir, err)
	}
	s.Progress, s.saved = c.State.Progress, c.State.Step
	text, _ := settings.Last(saved, "log-every")
	if s.loggedEvery, _ = strconv.Atoi(text); s.loggedEvery == 0 {
		s.loggedEvery = defaultLogEvery
	}
	s.stopWhenLearned()
	if s.last() {
		s.ended = c.State.Ended // this session ends where that one ended
	}
	fmt.Fprintf(s.out, "resumed at step %d from %s\n", s.Step, c.Dir)
	return nil
}

// load finds the checkpoint of cfg.Resume, the same in all processes.
func (s *session[F]) load() (*checkpoints.Checkpoint, error) {
	if s.alone() {
		return checkpoints.Load(s.cfg.Resume)
	}
	return checkpoints.LoadTogether(s.cfg.job, s.cfg.Resume)
}

// checkBeginning returns an error where a run without checkpoints has trained beyond the second of them: they were
// removed, and starting from the beginning would overwrite the run's metrics. The first is on disk when the second is
// begun, after the metrics of its step are written.
func (s *session[F]) checkBeginning() error {
	records, _, err := metrics.ReadGood(filepath.Join(s.result.Dir, "metrics.jsonl"))
	if err != nil {
		return err
	}
	for _, r := range records {
		if every := int64(s.cfg.SaveEvery); every > 0 && r.Step > 2*every {
			return fmt.Errorf("%s has metrics up to step %d but no checkpoint, though one is saved every %d steps: put its checkpoints back, or start a new run in another folder",
				s.result.Dir, records[len(records)-1].Step, every)
		}
	}
	return nil
}
