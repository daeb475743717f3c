package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/comm"
	"goomtrain/internal/printable"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train/metrics"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// A session is one call of Run, from its start or resumption to its end.
type session[F params.Float] struct {
	cfg      Config
	model    models.Trainable[F]
	params   []*params.Param[F]
	dataset  *data.Dataset
	source   data.Source
	batch    data.Batch   // of a step
	scratch  data.Batch   // of evaluations
	growing  data.Growing // the source of a curriculum; nil: there is none
	length   int          // positions of the longest sequences trained on at present
	schedule *schedule.Schedule

	optimizer optim.Optimizer[F] // of several processes, of the part that this one updates
	grads     *gradients[F]      // nil: none yet
	pass      pass
	runMicro  func(i int) error // microBatch
	norm      *optim.Norm[F]
	layers    layerNorms[F]
	ema       *optim.EMA[F] // nil: none

	exchange *exchange[F]    // nil: this is the only process
	team     *comm.Group     // processes that share the positions of its sequences; nil: none do
	parts    [2][]int32      // inputs and targets of this process, if so
	asked    context.Context // of Run, where several processes agree when to stop
	agree    func()          // ends the context of all

	out     io.Writer
	console *metrics.Console
	log     *metrics.Log
	lock    *checkpoints.RunLock
	saver   *checkpoints.Saver
	gpu     *accelerator[F] // nil: training runs on the CPU
	reduced bool            // products on the CPU are of bfloat16
	profile *profile

	checkpoints.Progress                   // ElapsedSeconds does not include this session
	ended                *checkpoints.Best // evaluation of the last step, if none was due; nil: none
	loggedEvery          int               // steps between lines in the session that saved the checkpoint
	saved                int64             // step of the last checkpoint; -1: none
	proposed             int64             // step of the last checkpoint that was begun
	undecided            bool              // whether that is kept; its arrays may still be being copied

	begin   time.Time // of the session; monotonic, so that clock changes have no effect
	pace    pace
	overall pace
	plotted time.Time
	work    work
	result  Result
	more    string // flags with which a run that stopped early goes on
}

// open prepares a session: the run folder and its lock, the optimizer, the state to resume, the logs.
func open[F params.Float](cfg Config, model models.Trainable[F], dataset *data.Dataset, console io.Writer) (s *session[F], err error) {
	if len(dataset.Valid) == 0 {
		return nil, errors.New("the data set has no validation set: add one to Dataset.Valid")
	}
	if n := cfg.MicroBatch * dataset.SeqLen; n > largestMicroBatch {
		return nil, fmt.Errorf("%d sequences of %d positions at once are more than %d positions: give a smaller -micro-batch or -seq", cfg.MicroBatch, dataset.SeqLen, largestMicroBatch)
	}
	s = &session[F]{cfg: cfg, model: model, params: model.Params(), dataset: dataset, source: dataset.Train, length: dataset.SeqLen, out: console, saved: -1, begin: time.Now()}
	s.result = Result{Dir: cfg.Out, BestLoss: math.NaN(), Loss: math.NaN()}
	patterns, err := cfg.patterns()
	if err != nil {
		return nil, err
	}
	if err := freeze(s.params, patterns); err != nil {
		return nil, err
	}
	if cfg.Recompute {
		m, ok := model.(models.Recomputer)
		if !ok {
			return nil, errors.New("-recompute: the model cannot compute its blocks again: leave it out")
		}
		m.SetRecompute(true)
	}
	if cfg.Init != "" && cfg.Resume == "" {
		if err := s.initialize(); err != nil {
			return nil, err
		}
	}
	if cfg.OverfitBatch {
		if s.source, err = newFixed(dataset.Train); err != nil {
			return nil, err
		}
	}
	if s.schedule, err = cfg.curve(); err != nil {
		return nil, err
	}
	if s.optimizer, err = optim.New(cfg.Optimizer, s.params); err != nil {
		return nil, err
	}
	trained := params.Trained(s.params)
	s.norm, s.layers = optim.NewNorm(trained), newLayerNorms(trained)
	if err := s.beginAverage(); err != nil {
		return nil, err
	}
	if err := s.printStart(); err != nil {
		return nil, err
	}
	if err := s.compare(); err != nil {
		return nil, err
	}
	if err := s.divide(); err != nil {
		return nil, err
	}
	err = s.openDevice()
	if err == nil && !cfg.DryRun {
		s.countWork()
		err = s.openFolder()
	}
	if err != nil {
		return nil, s.close(err)
	}
	return s, nil
}

// beginAverage starts the moving average, if there is one, at the present weights.
func (s *session[F]) beginAverage() (err error) {
	if s.cfg.EMA > 0 {
		s.ema, err = optim.NewEMA(s.params, s.cfg.EMA)
	}
	return err
}

// claimFolder makes or finds the run folder, and locks it.
func (s *session[F]) claimFolder() (err error) {
	if s.cfg.Resume != "" {
		if s.result.Dir, err = checkpoints.RunFolder(s.cfg.Resume); err != nil {
			return fmt.Errorf("-resume: %w", err)
		}
	} else if s.result.Dir, err = checkpoints.NewRunFolder(s.cfg.Out, s.cfg.Model.Model+"-"+s.dataset.Name); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	if s.lock, err = checkpoints.LockRun(s.result.Dir); err != nil {
		return err
	}
	if s.cfg.Resume != "" {
		if err := housekeeping(checkpoints.Reconcile(s.result.Dir), s.out); err != nil {
			return fmt.Errorf("-resume: %w", err)
		}
	}
	return nil
}

// openFolder claims the run folder, restores its state, and opens the logs.
func (s *session[F]) openFolder() (err error) {
	if err := s.claim(); err != nil {
		return err
	}
	dir := s.result.Dir
	keep := func(metrics.Record) bool { return false }
	if s.cfg.Resume != "" {
		if err := s.restore(); err != nil {
			return fmt.Errorf("-resume: %w", err)
		}
		keep = s.keeps
	}
	if err := s.beginCurriculum(); err != nil {
		return err
	}
	if s.gpu != nil {
		if err := s.gpu.begin(s); err != nil {
			return err
		}
	}
	if s.leads() {
		if err := s.openLogs(keep); err != nil {
			return err
		}
	}
	if err := s.checkShared(); err != nil {
		return err
	}
	if err := s.openSaver(); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "run folder %s\n", dir)
	s.console = metrics.NewConsole(s.out, s.Step, int64(s.cfg.Steps), s.cfg.LogEvery > 0)
	if s.cfg.Profile && s.leads() {
		s.profile, err = startProfile(dir, s.model)
	}
	if s.cfg.Profile && s.exchange != nil {
		s.exchange.trace = &trace{rank: s.cfg.job.Rank()}
	}
	return err
}

// openLogs writes what describes the run to its folder, and opens the logs.
func (s *session[F]) openLogs(keep func(metrics.Record) bool) (err error) {
	dir := s.result.Dir
	if f := s.dataset.TokenizerFile; f != nil {
		if err := f.Save(dir); err != nil {
			return err
		}
	}
	if err := atomicfile.WriteFile(filepath.Join(dir, checkpoints.ConfigFile), []byte(s.cfg.Settings().TOML())); err != nil {
		return err
	}
	if s.log, err = metrics.OpenLog(dir, s.Step, keep); err != nil {
		return err
	}
	if classes := s.dataset.Classes; classes != nil {
		s.log.Classes = classes.Names
		if err := metrics.WriteClasses(dir, classes.Names); err != nil {
			return err
		}
	}
	if s.log.Kept != "" {
		fmt.Fprintf(s.out, "note: metrics.jsonl is missing and starts anew; the table of before is %s\n", s.log.Kept)
	}
	if n := s.log.Skipped.Lines; n > 0 {
		fmt.Fprintf(s.out, "note: left out %s of metrics.jsonl without a record; the first: %s\n", printable.Count(n, "line"), printable.Line(s.log.Skipped.First.Error()))
	}
	return nil
}

// openSaver prepares saving in the background.
func (s *session[F]) openSaver() error {
	opt := checkpoints.SaveOptions{Keep: s.cfg.Keep}
	if f := s.dataset.TokenizerFile; f != nil {
		opt.Files = append(opt.Files, checkpoints.File{Name: f.CopyName(), Content: f.Content})
	}
	if s.log != nil {
		opt.Before = s.log.Sync // a checkpoint must never be ahead of the metrics
	}
	if !s.alone() {
		var err error
		if opt.Group, err = s.cfg.job.Split(0, savingChannel); err != nil {
			return err
		}
	}
	s.saver = checkpoints.NewSaver(s.result.Dir, opt)
	return s.saver.Reserve(params.Weights(s.params), s.arrays())
}

// keeps reports whether a record of an earlier session stays in the logs. Records after the checkpoint are made
// again. Records that exist only because that session ended are removed, so that the logs are those of an
// uninterrupted run.
func (s *session[F]) keeps(r metrics.Record) bool {
	switch {
	case r.Step != s.Step:
		return r.Step < s.Step
	case r.Split == metrics.Train:
		return s.due(s.loggedEvery)
	}
	return s.Evaluated || s.ended != nil
}

// printStart prints a description of the training.
func (s *session[F]) printStart() error {
	if err := WriteParameters(s.out, s.params, s.optimizer.Rule); err != nil {
		return err
	}
	if s.dataset.Summary != "" {
		fmt.Fprintln(s.out, s.dataset.Summary)
	}
	for _, note := range slices.Concat(s.dataset.Notes, s.cfg.notes) {
		fmt.Fprintln(s.out, "note:", note)
	}
	c := s.cfg
	micro := ""
	if c.MicroBatch < c.Batch {
		micro = fmt.Sprintf(" in micro-batches of %d", c.MicroBatch)
	}
	fmt.Fprintf(s.out, "%s of %s%s x %s, %s, %s up to lr %g, %s, seed %d, %s\n",
		printable.Count(c.Steps, "step"), printable.Count(c.Batch, "sequence"), micro, printable.Count(s.dataset.SeqLen, "position"), c.Optimizer.Name, c.Schedule.Name, c.Schedule.LR, c.DType, c.Seed, printable.Count(simd.Threads(), "thread"))
	if c.Schedule.Name != "constant" && c.Schedule.Steps != c.Steps {
		fmt.Fprintf(s.out, "note: the learning rate follows its curve of %s; -schedule-steps %d fits it to this run\n", printable.Count(c.Schedule.Steps, "step"), c.Steps)
	}
	return nil
}

// countWork counts the operations of a step, for the MFU.
func (s *session[F]) countWork() {
	if len(params.Trained(s.params)) != len(s.params) {
		return // models leave out some of the work, and how much is not known
	}
	if s.gpu != nil {
		s.work = workOf(s.params, s.gpu.peak())
	} else {
		peak := measuredPeak[F]()
		if !s.alone() {
			peak *= float64(s.cfg.job.Size())
		}
		s.work = workOf(s.params, peak)
	}
	if m, ok := s.model.(models.Patched); ok {
		s.work.position /= float64(m.Patch())
	}
}

// elapsed is the duration of the run so far, in all its sessions, in seconds.
func (s *session[F]) elapsed() float64 { return s.ElapsedSeconds + time.Since(s.begin).Seconds() }

// close ends the session: it closes all files, draws the plot and prints the summary. It returns the first
// error, err before all others.
func (s *session[F]) close(err error) error {
	s.result.Step = s.Step
	if b := s.bestOf(); b != nil {
		s.result.BestLoss, s.result.BestStep = b.Value, b.Step
	}
	var errs []error
	if pulled := s.gpu.pull(); !errors.Is(err, pulled) { // an error of the GPU ends the session and comes again here
		errs = append(errs, pulled)
	}
	if err != nil && !errors.Is(err, ErrInterrupted) && !s.alone() {
		s.abandon(err)
	}
	if s.saver != nil {
		errs = append(errs, s.examine(), s.closeSaver(err))
	}
	if s.console != nil {
		s.console.Close()
	}
	if s.profile != nil {
		errs = append(errs, s.profile.stop(s.out, s.model))
	}
	if s.exchange != nil && s.exchange.trace != nil {
		path, err := s.exchange.trace.write(s.result.Dir)
		errs = append(errs, err)
		fmt.Fprintf(s.out, "trace        %s, and of the other processes beside it: open them in https://ui.perfetto.dev\n", path)
	}
	if s.log != nil {
		errs = append(errs, s.log.Plot(), s.log.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	errs = append(errs, s.gpu.close())
	s.full()
	if closing := errors.Join(errs...); err == nil {
		err = closing
	} else if closing != nil {
		fmt.Fprintln(s.out, "warning:", closing)
	}
	if s.log != nil && (err == nil || errors.Is(err, ErrInterrupted)) {
		s.summarize(err)
	}
	return err
}

// abandon ends the job because of an error of this process, for which the others must not wait. They complete a checkpoint
// that all have accepted; one that was only proposed is dropped.
func (s *session[F]) abandon(err error) {
	if s.saver != nil && !s.undecided {
		s.saver.Wait() // Close returns its error
	}
	s.undecided = false
	s.cfg.job.Fail(err)
}

// closeSaver waits for the last save. It returns an error of saving that is news beside err, with which the session
// ends: if err is of a save already, there is none, as the next save fails for the same reason.
func (s *session[F]) closeSaver(err error) error {
	last := housekeeping(s.saver.Wait(), s.out)
	first := s.saver.Close()
	switch {
	case err != nil && errors.As(first, new(*comm.PeerError)): // the job has failed, as err says
		return nil
	case first != nil && errors.Is(err, first):
		return nil
	case last == nil && !errors.Is(first, checkpoints.ErrHousekeeping): // which is printed already
		return first
	}
	return last
}

// housekeeping turns an error after which the checkpoint is complete into a warning.
func housekeeping(err error, out io.Writer) error {
	if errors.Is(err, checkpoints.ErrHousekeeping) {
		fmt.Fprintln(out, "warning:", err)
		return nil
	}
	return err
}

// summarize prints where the results are and how to continue.
func (s *session[F]) summarize(err error) {
	say := func(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }
	dir := s.result.Dir
	switch {
	case err != nil:
		say("interrupted after step %d and saved", s.Step)
	case s.result.Reason != "":
		say("stopped after step %d: %s", s.Step, s.result.Reason)
	default:
		say("finished after step %d, %s of training", s.Step, metrics.Duration(time.Duration(s.elapsed()*float64(time.Second))))
	}
	if rate := s.overall.rate(); finite(rate) {
		say("speed        %s tokens/s while training, peak memory %.0f MB", metrics.Short(rate), metrics.PeakRSS())
	}
	if b := s.bestOf(); b != nil {
		say("best         %s at step %d", bestText(b), b.Step)
	}
	say("checkpoints  %s (last, best)", filepath.Join(dir, "checkpoints"))
	switch resume := s.cfg.Commands.Resume; {
	case resume == "":
	case err != nil:
		say("resume       %s %s", resume, dir)
	case s.result.Reason != "":
		say("resume       %s %s %s", resume, dir, s.more)
	default:
		say("resume       %s %s -steps %d -schedule-steps %d", resume, dir, 2*s.cfg.Steps, 2*s.cfg.Steps)
	}
	if generate := s.cfg.Commands.Generate; generate != "" && s.dataset.Tokenizer != nil {
		say("generate     %s %s", generate, dir)
	}
	say("plot         %s", filepath.Join(dir, "loss.png"))
	if classes := s.dataset.Classes; classes != nil && len(classes.Names) <= metrics.MaxConfusion {
		say("classes      %s", filepath.Join(dir, "confusion.png"))
	}
}
