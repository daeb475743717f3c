package train

import (
	"math"
	"time"

	"goomtrain/train/metrics"
)

// newRecord is a record of this step without measurements.
func (s *session[F]) newRecord(split string) metrics.Record {
	nan := math.NaN()
	return metrics.Record{Step: s.Step, Split: split, Loss: nan, BPB: nan, Accuracy: nan, LR: nan, GradNorm: nan,
		Tokens: s.Tokens, TokensPerSec: nan, MFU: nan, Elapsed: s.elapsed(), PeakRSS: metrics.PeakRSS()}
}

// record writes and shows a finished step.
func (s *session[F]) record(r step) error {
	s.result.Loss = r.loss
	due, show := s.due(s.logEvery()), s.console.Tick(s.Step)
	if !due && !show {
		return nil
	}
	m := s.newRecord(metrics.Train)
	m.Loss, m.BPB, m.LR, m.GradNorm, m.Skipped = r.loss, r.bpb, r.rates.LR, r.norm, r.skipped
	if s.dataset.Chance > 0 {
		m.Accuracy = r.accuracy
	}
	m.TokensPerSec = s.pace.rate()
	if s.flops > 0 {
		m.MFU = m.TokensPerSec * s.flops
	}
	if show || due && (s.cfg.LogEvery > 0 || s.Step == int64(s.cfg.Steps)) {
		s.console.Step(m)
	}
	if !due {
		return nil
	}
	s.pace = pace{}
	return s.log.Write(m)
}

// logEvery is the number of steps between lines in files.
func (s *session[F]) logEvery() int {
	if s.cfg.LogEvery == 0 {
		return 10
	}
	return s.cfg.LogEvery
}

// A pace measures tokens per second of training, without evaluations and saving.
type pace struct {
	tokens  int
	seconds float64
}

func (p *pace) add(tokens int, d time.Duration) {
	p.tokens += tokens
	p.seconds += d.Seconds()
}

// rate is in tokens per second; NaN if nothing was measured.
func (p *pace) rate() float64 {
	if p.seconds == 0 {
		return math.NaN()
	}
	return float64(p.tokens) / p.seconds
}
