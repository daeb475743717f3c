package train

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/peak"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train/metrics"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// A session is one run from its start or resumption to its end.
type session[F simd.Float] struct {
	cfg      Config
	model    models.Trainable[F]
	params   []*params.Param[F]
	dataset  *data.Dataset
	source   data.Source
	batch    data.Batch // of a step
	scratch  data.Batch // of evaluations
	schedule *schedule.Schedule

	optimizer optim.Optimizer[F]
	norm      *optim.Norm[F]
	ema       *optim.EMA[F] // nil: none

	out     io.Writer
	console *metrics.Console
	log     *metrics.Log
	lock    *checkpoints.RunLock
	saver   *checkpoints.Saver
	profile *profile

	step      int64 // updates made
	tokens    int64 // counted tokens trained on
	best      *checkpoints.Best
	bestBPB   float64 // 0: unknown
	patience  int     // evaluations since the best
	evaluated bool    // this step is evaluated
	nonfinite int     // steps skipped in a row
	saved     int64   // step of the last checkpoint; -1: none

	begin   time.Time // of the session; monotonic, so a clock that jumps does no harm
	before  float64   // seconds of the sessions before
	pace    pace
	overall pace
	plotted time.Time
	flops   float64 // of the model's products a token, over the machine's peak a second; 0: unknown
	result  Result
}

// open prepares a session: the folder and its lock, the optimiser, the state to go on from, the logs.
func open[F simd.Float](cfg Config, model models.Trainable[F], dataset *data.Dataset, console io.Writer) (s *session[F], err error) {
	if len(dataset.Valid) == 0 {
		return nil, errors.New("the data set has no validation set")
	}
	if n := cfg.MicroBatch * dataset.SeqLen; n > largestPiece {
		return nil, fmt.Errorf("%d sequences of %d positions at once are more than %d positions: give a smaller -micro-batch or -seq", cfg.MicroBatch, dataset.SeqLen, largestPiece)
	}
	s = &session[F]{cfg: cfg, model: model, params: model.Params(), dataset: dataset, source: dataset.Train, out: console, saved: -1, begin: time.Now()}
	s.result = Result{Dir: cfg.Out, BestLoss: math.NaN(), Loss: math.NaN()}
	if cfg.OverfitBatch {
		if s.source, err = newFixed(dataset.Train); err != nil {
			return nil, err
		}
	}
	curve, err := cfg.curve()
	if err != nil {
		return nil, err
	}
	if s.schedule, err = schedule.New(curve); err != nil {
		return nil, err
	}
	optimizer, err := cfg.optimizer()
	if err != nil {
		return nil, err
	}
	if s.optimizer, err = optim.New(optimizer, s.params); err != nil {
		return nil, err
	}
	s.norm = optim.NewNorm(s.params)
	if cfg.EMA > 0 {
		if s.ema, err = optim.NewEMA(s.params, cfg.EMA); err != nil {
			return nil, err
		}
	}
	if err := s.introduce(); err != nil || cfg.DryRun {
		return s, err
	}
	if err := s.openFolder(); err != nil {
		return nil, s.close(err)
	}
	return s, nil
}

// openFolder takes the run folder, restores what it holds, and opens the logs.
func (s *session[F]) openFolder() (err error) {
	if s.cfg.Resume != "" {
		if s.result.Dir, err = RunFolder(s.cfg.Resume); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
	} else if s.result.Dir, err = newFolder(s.cfg); err != nil {
		return err
	}
	dir := s.result.Dir
	if s.lock, err = checkpoints.LockRun(dir); err != nil {
		return err
	}
	keep := func(metrics.Record) bool { return false }
	if s.cfg.Resume != "" {
		if err := s.restore(); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		keep = func(r metrics.Record) bool {
			return r.Step < s.step || r.Step == s.step && (r.Split == metrics.Train || s.evaluated)
		}
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, ConfigFile), []byte(s.cfg.Table().TOML())); err != nil {
		return err
	}
	if s.log, err = metrics.OpenLog(dir, s.step, keep); err != nil {
		return err
	}
	s.saver = checkpoints.NewSaver(dir, checkpoints.SaveOptions{Keep: s.cfg.Keep})
	fmt.Fprintf(s.out, "run folder %s\n", dir)
	s.console = metrics.NewConsole(s.out, s.step, int64(s.cfg.Steps), s.cfg.LogEvery > 0)
	if s.cfg.Profile {
		s.profile, err = startProfile(dir, s.model)
	}
	return err
}

// runsDir is where runs go that are given no folder, in the working folder.
const runsDir = "runs"

// newFolder makes the folder of a new run, and refuses one that already holds a run.
func newFolder(cfg Config) (string, error) {
	dir := cfg.Out
	if dir == "" {
		name := fmt.Sprintf("%s-%s-%s", time.Now().Format("20060102-150405"), cfg.Model, cfg.Task)
		dir = filepath.Join(runsDir, name)
		for n := 2; exists(dir); n++ {
			dir = filepath.Join(runsDir, fmt.Sprintf("%s-%d", name, n))
		}
	}
	if exists(filepath.Join(dir, ConfigFile)) {
		return "", fmt.Errorf("out: %s already holds a run: go on with -resume %s, or give another folder", dir, dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("out: %w", err)
	}
	return dir, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// introduce prints what is about to be trained.
func (s *session[F]) introduce() error {
	if err := WriteParameters(s.out, s.params, s.optimizer.Rule); err != nil {
		return err
	}
	if s.dataset.Summary != "" {
		fmt.Fprintln(s.out, s.dataset.Summary)
	}
	for _, note := range append(s.dataset.Notes, s.cfg.notes...) {
		fmt.Fprintln(s.out, "note:", note)
	}
	c := s.cfg
	pieces := ""
	if c.MicroBatch < c.Batch {
		pieces = fmt.Sprintf(" in pieces of %d", c.MicroBatch)
	}
	fmt.Fprintf(s.out, "%d steps of %d sequences%s x %d positions, %s, %s up to lr %g, %s, seed %d, %d threads\n",
		c.Steps, c.Batch, pieces, s.dataset.SeqLen, c.Optimizer, c.Schedule, c.LR, c.DType, c.Seed, simd.Threads())
	if c.Schedule != "constant" && c.ScheduleSteps != c.Steps {
		fmt.Fprintf(s.out, "note: the learning rate follows its curve of %d steps; -schedule-steps %d fits it to this run\n", c.ScheduleSteps, c.Steps)
	}
	s.flops = utilisation(s.params)
	return nil
}

// utilisation is the time that the model's products of one token take at the machine's measured
// peak: six operations for each weight of a matrix, forward and backward. 0 where no peak is known.
func utilisation[F simd.Float](ps []*params.Param[F]) float64 {
	if _, single := any(F(0)).(float32); !single {
		return 0
	}
	best := 0.0
	for range 40 {
		best = max(best, peak.GFLOPS())
	}
	weights := 0
	for _, p := range ps {
		if len(p.Shape) >= 2 {
			weights += len(p.Value)
		}
	}
	if best == 0 {
		return 0
	}
	return 6 * float64(weights) / (best * 1e9 * float64(simd.Threads()))
}

// elapsed is the time that the run took so far, in all its sessions, in seconds.
func (s *session[F]) elapsed() float64 { return s.before + time.Since(s.begin).Seconds() }

// close ends the session: whatever was opened is closed, the picture drawn, the summary printed. It
// returns the first error, err before all others.
func (s *session[F]) close(err error) error {
	s.result.Step = s.step
	if s.best != nil {
		s.result.BestLoss, s.result.BestStep = s.best.Value, s.best.Step
	}
	var errs []error
	if s.saver != nil {
		errs = append(errs, tidy(s.saver.Close(), s.out))
	}
	if s.console != nil {
		s.console.Close()
	}
	if s.profile != nil {
		errs = append(errs, s.profile.stop(s.out, s.model))
	}
	if s.log != nil {
		errs = append(errs, s.log.Plot(), s.log.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	if closing := errors.Join(errs...); err == nil {
		err = closing
	} else if closing != nil {
		fmt.Fprintln(s.out, "warning:", closing)
	}
	if s.log != nil && (err == nil || errors.Is(err, ErrInterrupted)) {
		s.summarise(err)
	}
	return err
}

// tidy turns an error that leaves the checkpoint whole into a warning.
func tidy(err error, out io.Writer) error {
	if errors.Is(err, checkpoints.ErrHousekeeping) {
		fmt.Fprintln(out, "warning:", err)
		return nil
	}
	return err
}

// summarise says where everything is and how to go on.
func (s *session[F]) summarise(err error) {
	say := func(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }
	dir := s.result.Dir
	switch {
	case err != nil:
		say("interrupted after step %d and saved", s.step)
	case s.result.Reason != "":
		say("stopped after step %d: %s", s.step, s.result.Reason)
	default:
		say("finished after step %d, %s of training", s.step, metrics.Duration(time.Duration(s.elapsed()*float64(time.Second))))
	}
	if rate := s.overall.rate(); finite(rate) {
		say("speed        %s tokens/s while training, peak memory %.0f MB", metrics.Short(rate), metrics.PeakRSS())
	}
	if s.best != nil {
		say("best         %s at step %d", s.bestText(), s.best.Step)
	}
	say("checkpoints  %s (last, best)", filepath.Join(dir, "checkpoints"))
	if err != nil {
		say("resume       go run ./cmd/train -resume %s", dir)
	} else {
		say("resume       go run ./cmd/train -resume %s -steps %d -schedule-steps %d", dir, 2*s.cfg.Steps, 2*s.cfg.Steps)
	}
	if s.dataset.Tokenizer != nil {
		say("generate     go run ./cmd/generate -from %s", dir)
	}
	say("plot         %s", filepath.Join(dir, "loss.png"))
}
