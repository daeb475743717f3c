package train

import (
	"errors"
	"fmt"

	"goomtrain/checkpoints"
	"goomtrain/data"
)

// runningDecay is the weight of the past in the running loss.
const runningDecay = 0.95

// tracks reports whether anything depends on the running loss. Without it the state of a run has none.
func (s *session[F]) tracks() bool { return s.cfg.Curriculum || s.cfg.UntilLoss > 0 }

// beginCurriculum holds the source to the length that the run is at, the shortest one in a new run.
func (s *session[F]) beginCurriculum() error {
	if !s.cfg.Curriculum {
		return nil
	}
	growing, ok := s.source.(data.Growing)
	if !ok {
		return errors.New("-curriculum needs sequences whose length varies: the training data has one length")
	}
	s.growing = growing
	if s.Running == nil {
		s.length = growing.Limit(1)
	} else {
		s.length = growing.Limit(s.Running.Length)
	}
	fmt.Fprintf(s.out, "curriculum: up to %d of %d positions, doubled when the running loss is below %g\n", s.length, s.dataset.SeqLen, s.cfg.CurriculumLoss)
	return nil
}

// track updates the running loss by that of a finite step. It doubles the length when the loss is low, and stops
// the run when it is low enough at the full length.
func (s *session[F]) track(loss float64) {
	if !s.tracks() {
		return
	}
	if s.Running != nil {
		loss = runningDecay*s.Running.Loss + (1-runningDecay)*loss
	}
	s.Running = &checkpoints.Running{Loss: loss} // a new one: that of before may still be being saved
	if s.growing != nil && s.length < s.dataset.SeqLen && s.Running.Loss < s.cfg.CurriculumLoss {
		s.length = s.growing.Limit(2 * s.length)
		s.Running.Loss = 10 * s.cfg.CurriculumLoss // the loss of before says nothing about the new length
		s.console.Printf("step %d: the sequences now have up to %d positions\n", s.Step, s.length)
	}
	s.Running.Length = s.length
	s.stopWhenLearned()
}

// stopWhenLearned ends the run if the running loss at the full length is below -until-loss.
func (s *session[F]) stopWhenLearned() {
	r := s.Running
	if r != nil && s.cfg.UntilLoss > 0 && r.Length == s.dataset.SeqLen && r.Loss < s.cfg.UntilLoss {
		s.result.Reason = fmt.Sprintf("the running training loss is %.3g, below %g (-until-loss)", r.Loss, s.cfg.UntilLoss)
		s.more = fmt.Sprintf("-until-loss %.3g", s.cfg.UntilLoss/10)
	}
}
