package train

import (
	"encoding/json"
	"errors"
	"fmt"

	"goomtrain/checkpoints"
	"goomtrain/params"
)

// restore goes on from the checkpoint of cfg.Resume. A run that was killed before its first
// checkpoint begins anew, which comes to the same.
func (s *session[F]) restore() error {
	c, err := checkpoints.Load(s.cfg.Resume)
	if errors.Is(err, checkpoints.ErrNone) && s.cfg.Resume == s.result.Dir {
		fmt.Fprintln(s.out, "note: the run has no checkpoint yet and begins anew")
		return nil
	} else if err != nil {
		return err
	}
	for _, note := range c.Notes {
		fmt.Fprintln(s.out, "note:", note)
	}
	st := c.State
	var more extra
	if err := json.Unmarshal(st.Extra, &more); err != nil {
		return fmt.Errorf("%s: state.json was not written by a training run: %w", c.Dir, err)
	}
	switch {
	case st.DType != s.cfg.DType:
		return fmt.Errorf("%s is a checkpoint in %s, but -dtype is %s", c.Dir, st.DType, s.cfg.DType)
	case st.DataFingerprint != s.dataset.Fingerprint:
		return fmt.Errorf("the data has changed since the checkpoint (fingerprint %.12s, now %.12s): restore the data, or start a new run", st.DataFingerprint, s.dataset.Fingerprint)
	case st.Step > int64(s.cfg.Steps):
		return fmt.Errorf("%s is at step %d already: give more than -steps %d", c.Dir, st.Step, s.cfg.Steps)
	}
	if err := c.ReadModel(params.Values(s.params)); err != nil {
		return err
	}
	if err := c.ReadOptimizer(s.arrays()); err != nil {
		return err
	}
	if err := s.source.Restore(st.Data); err != nil {
		return fmt.Errorf("%s: %w", c.Dir, err)
	}
	s.step, s.tokens, s.before, s.best, s.patience = st.Step, st.Tokens, st.ElapsedSeconds, st.Best, st.Patience
	s.evaluated, s.nonfinite, s.bestBPB, s.saved = more.Evaluated, more.Nonfinite, more.BestBPB, st.Step
	fmt.Fprintf(s.out, "resumed at step %d from %s\n", s.step, c.Dir)
	return nil
}
