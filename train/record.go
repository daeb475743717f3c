package train

import (
	"math"

	"goomtrain/train/metrics"
)

// newRecord returns a record of this step without measurements.
func (s *session[F]) newRecord(split string) metrics.Record {
	nan := math.NaN()
	return metrics.Record{Step: s.Step, Split: split, Loss: nan, BPB: nan, Accuracy: nan, SequenceAccuracy: nan, LR: nan, GradNorm: nan,
		Tokens: s.Tokens, TokensPerSec: nan, MFU: nan, Elapsed: s.elapsed(), PeakRSS: metrics.PeakRSS()}
}

// record writes and shows a finished step.
func (s *session[F]) record(r step) error {
	s.result.Loss = r.loss
	due, show := s.due(s.logEvery()), s.console.Tick(s.Step)
	var norms map[string]float64
	if due && s.onCadence(s.cfg.EvalEvery) { // processes measure together, and agree on this condition
		var err error
		if norms, err = s.gradNorms(); err != nil {
			return err
		}
	}
	if !s.leads() || !due && !show {
		return nil
	}
	m := s.newRecord(metrics.Train)
	m.Loss, m.BPB, m.LR, m.GradNorm, m.Skipped = r.loss, r.bpb, r.rates.LR, r.norm, r.skipped
	if s.dataset.Chance > 0 {
		m.Accuracy = r.accuracy
	}
	m.GradNorms = norms
	m.TokensPerSec = s.pace.rate()
	m.MFU = s.pace.utilization(s.work)
	if s.growing != nil {
		m.Length = s.batch.Len
	}
	if show || due && (s.cfg.LogEvery > 0 || s.last()) {
		s.console.Step(m)
	}
	if !due {
		return nil
	}
	s.pace = pace{}
	return s.log.Write(m)
}

// defaultLogEvery is the number of steps between lines in files where -log-every does not say.
const defaultLogEvery = 10

// logEvery is the number of steps between lines in files.
func (s *session[F]) logEvery() int {
	if s.cfg.LogEvery == 0 {
		return defaultLogEvery
	}
	return s.cfg.LogEvery
}
