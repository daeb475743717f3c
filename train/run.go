package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/comm"
	"goomtrain/internal/gpu"
	"goomtrain/models"
	"goomtrain/parallel"
	"goomtrain/params"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// ErrInterrupted is the error of a run whose context was canceled. Its checkpoint is saved.
var ErrInterrupted = errors.New("interrupted")

// A Result is the outcome of a run.
type Result struct {
	Dir      string  // run folder
	Step     int64   // updates made, of all sessions
	Loss     float64 // of the last step
	BestLoss float64 // on the main validation set; NaN without an evaluation
	BestStep int64
	Reason   string // why the run stopped before its last step; "" if it did not
}

// Run trains the model on the data set as the configuration says, in the folder cfg.Out, or resumes the run of
// cfg.Resume. Of cfg.Model and cfg.Data it uses only the names, for the run folder and its config.toml; a model
// that is Configured replaces cfg.Model. Its element type replaces cfg.DType. Parameters of cfg.Freeze are frozen during
// the run, besides those that are already. Progress is written to console, with a progress bar if that is a terminal.
// When ctx is canceled, Run finishes the step, saves, and returns ErrInterrupted.
func Run[F params.Float](ctx context.Context, cfg Config, model models.Trainable[F], dataset *data.Dataset, console io.Writer) (Result, error) {
	cfg.DType = fmt.Sprintf("%T", F(0))
	if err := cfg.validateTraining(); err != nil {
		return Result{}, err
	}
	if err := cfg.join(); err != nil {
		return Result{}, err
	}
	console = cfg.voice(console)
	if m, ok := any(model).(models.Configured); ok && m.Config().Model != "" {
		cfg.Model = m.Config()
	}
	if cfg.Threads > 0 {
		parallel.SetThreads(cfg.Threads)
	} else if n := cfg.job.Sharing(); n > 1 {
		parallel.SetThreads(max(1, runtime.NumCPU()/n))
	}
	cfg.resolve()
	defer keepFrozen(model.Params())()
	s, err := open(cfg, model, dataset, console)
	if errors.As(err, new(*comm.PeerError)) {
		return Result{}, err // nothing is trained yet, so there may be nothing to resume
	} else if err != nil {
		return Result{}, withAdvice(err)
	}
	err = s.loop(s.agreed(ctx))
	return s.result, withAdvice(s.close(err))
}

// withAdvice adds to an error about a full or unwritable disk, or about what a GPU cannot do, what to do about it, unless
// the error already says so.
func withAdvice(err error) error {
	advice := checkpoints.Advice(err)
	switch {
	case errors.Is(err, gpu.ErrMemory):
		advice = "give a smaller -micro-batch or -seq, or -recompute, or -device cpu"
	case errors.As(err, new(*comm.PeerError)):
		advice = "resume the run from its last checkpoint with -resume, on any number of processes"
	case errors.Is(err, models.ErrNoDevice):
		advice = "give -device cpu, or another model"
	}
	if advice != "" && !strings.Contains(err.Error(), advice) {
		return fmt.Errorf("%w; %s", err, advice)
	}
	return err
}

// loop trains until the last step, an interrupt or an error.
func (s *session[F]) loop(ctx context.Context) error {
	if s.cfg.DryRun {
		return nil
	}
	if err := s.beforeFirstStep(ctx); err != nil {
		return err
	}
	for s.Step < int64(s.cfg.Steps) && s.result.Reason == "" {
		step, err := s.makeStep()
		if err != nil {
			return err
		}
		if err := s.record(step); err != nil {
			return err
		}
		if s.due(s.cfg.SaveEvery) {
			if err := s.savePeriodically(); err != nil {
				return err
			}
		}
		if s.due(s.cfg.EvalEvery) && ctx.Err() == nil {
			if err := s.evaluate(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return s.interrupted()
		}
	}
	if err := s.saveOnce(); err != nil {
		return err
	}
	if !s.leads() {
		return nil
	}
	return s.sample(ctx)
}

// interrupted saves the current step.
func (s *session[F]) interrupted() error {
	if err := s.saveOnce(); err != nil {
		return err
	}
	return ErrInterrupted
}

// A step is the measurements of one update.
type step struct {
	loss     float64 // nats per counted token
	bpb      float64
	accuracy float64
	norm     float64
	rates    schedule.Rates
	skipped  string // why nothing was updated
}

// makeStep makes one update: forward and backward pass over the micro-batches, finite check, clip, update. A
// panic becomes an error.
func (s *session[F]) makeStep() (r step, err error) {
	s.Step++
	s.Evaluated = false
	defer func() {
		if err != nil {
			s.Step-- // not made
		}
	}()
	defer s.recovered(&err)
	begin := time.Now()
	s.batch.Size = s.cfg.Batch
	if err := s.source.Next(&s.batch); err != nil {
		return r, fmt.Errorf("step %d: training data: %w", s.Step, err)
	}
	r.rates = s.schedule.At(int(s.Step))
	sum, norm, err := s.update(&s.batch, r.rates)
	if errors.Is(err, errUnhealthy) {
		return r, err // about the step before
	} else if err != nil {
		return r, fmt.Errorf("step %d: %w", s.Step, err)
	}
	r.loss, r.bpb, r.norm = sum.Loss/float64(sum.Tokens), bitsPerByte(sum.Loss, s.batch.Bytes), norm
	r.accuracy = float64(sum.Correct) / float64(sum.Tokens)
	if finite(r.loss) && finite(r.norm) {
		s.Skipped = 0
		s.Tokens += int64(sum.Tokens)
		s.track(r.loss)
	} else if r.skipped, err = s.skip(r); err != nil {
		return r, err
	}
	took := time.Since(begin)
	positions := len(s.batch.Inputs) // what is computed, whether its target counts or not
	s.pace.add(positions, sum.Tokens, took)
	s.overall.add(positions, sum.Tokens, took)
	return r, nil
}

// update computes the gradients of a batch and, if they and the loss are finite, updates the weights. It returns the sums
// over the counted targets and the norm of the gradients.
func (s *session[F]) update(b *data.Batch, rates schedule.Rates) (sum models.Stats, norm float64, err error) {
	denominator := counted(b.Targets)
	if denominator == 0 {
		return sum, 0, errors.New("no target of the batch counts (all are masked): there is nothing to train on")
	}
	if s.gpu != nil {
		return s.gpu.step(b, denominator, s.cfg.MicroBatch, s.Step, rates, s.cfg.Clip)
	}
	if sum, err = s.accumulate(b, denominator); err != nil {
		return sum, 0, err
	}
	if err := s.confirm(sum.Loss); err != nil {
		return sum, 0, err
	}
	if norm, err = s.measure(); err != nil {
		return sum, 0, err
	}
	if finite(sum.Loss) && finite(norm) {
		begin := time.Now()
		s.optimizer.Update(rates.LR, rates.Beta1, optim.ClipScale(norm, s.cfg.Clip))
		if s.exchange != nil {
			s.exchange.trace.since(begin, traceCompute, "update")
			if err := s.exchange.gatherWeights(); err != nil {
				return sum, 0, err
			}
		}
		if s.ema != nil {
			s.ema.Update()
		}
	}
	return sum, norm, nil
}

// measure returns the norm of the gradients.
func (s *session[F]) measure() (float64, error) {
	if s.exchange != nil {
		return s.norm.Total() // each process has measured its part
	}
	return s.norm.Global(), nil
}

// A pass is the forward and backward pass of a batch on this process.
type pass struct {
	inputs, targets     []int32
	size, length, micro int // sequences, positions and micro-batches
	denominator         float64
	stats               []microStats // of the micro-batches so far
}

// microStats are the results of a micro-batch.
type microStats struct {
	loss    float64
	correct int
}

// accumulate runs the micro-batches of a batch and adds up their gradients of the mean loss over all counted
// targets of the batch. Each process of a job runs some of them, and has the sums of the gradients that it updates.
func (s *session[F]) accumulate(b *data.Batch, denominator int) (sum models.Stats, err error) {
	p := &s.pass
	p.size, p.micro, p.denominator, p.stats = b.Size, b.Size/s.cfg.MicroBatch, float64(denominator), p.stats[:0]
	if p.inputs, p.targets, p.length, err = s.sliced(b); err != nil {
		return sum, err
	}
	if s.grads == nil {
		s.grads = newGradients(params.Trained(s.params), span{0, p.micro}, p.micro)
	}
	if s.runMicro == nil {
		s.runMicro = s.microBatch
	}
	if s.exchange != nil {
		s.exchange.begin()
	}
	if err := s.grads.sum(s.runMicro); err != nil {
		return sum, err
	}
	sum.Tokens = denominator
	if s.exchange != nil {
		all, stopped, err := s.exchange.finish(p.stats, s.asked.Err() != nil)
		if stopped {
			s.agree()
		}
		sum.Loss, sum.Correct = all.loss, all.correct
		return sum, err
	}
	for _, m := range p.stats {
		sum.Loss += m.loss
		sum.Correct += m.correct
	}
	return sum, nil
}

// microBatch runs number i of the micro-batches.
func (s *session[F]) microBatch(i int) error {
	p := &s.pass
	rows := p.size / p.micro
	lo := i % p.micro * rows
	from, to := lo*p.length, (lo+rows)*p.length
	if random, ok := s.model.(models.Random); ok {
		random.Draw(s.Step, lo)
	}
	begin := time.Now()
	stats, err := s.model.Step(p.inputs[from:to], p.targets[from:to], rows, p.length, p.denominator)
	if s.exchange != nil && s.exchange.trace != nil {
		s.exchange.trace.since(begin, traceCompute, fmt.Sprintf("micro-batch %d", i))
	}
	p.stats = append(p.stats, microStats{stats.Loss, stats.Correct})
	return err
}

// skip decides about a step that is not finite: it returns an error, or the reason why the step is skipped.
func (s *session[F]) skip(r step) (reason string, err error) {
	reason = fmt.Sprintf("loss %.4g, gradient norm %.4g", r.loss, r.norm)
	if s.gpu != nil {
		if err := s.gpu.grads.Pull(); err != nil {
			return "", err
		}
	}
	if name := s.norm.FirstNonFinite(); name != "" {
		reason += ", first bad gradient: " + name
	}
	s.Skipped++
	switch {
	case s.cfg.OnNonfinite == "stop":
		return "", fmt.Errorf("step %d is not finite (%s): stopped before the update; %s; try a lower -lr, or -on-nonfinite skip", s.Step, reason, s.lastGood())
	case s.Skipped > s.cfg.MaxNonfinite:
		return "", fmt.Errorf("step %d is not finite (%s), and %d before it in a row: more than -max-nonfinite; %s; try a lower -lr", s.Step, reason, s.Skipped-1, s.lastGood())
	}
	return reason, nil
}

// lastGood names the checkpoint from which the run can be resumed.
func (s *session[F]) lastGood() string {
	if s.saved < 0 {
		return "nothing is saved yet"
	}
	if err := housekeeping(s.saver.Wait(), s.out); err != nil {
		return fmt.Sprintf("saving step %d failed: %v", s.saved, err)
	}
	return fmt.Sprintf("the checkpoint of step %d is good", s.saved)
}

// recovered turns a panic into an error of one line. The stack trace goes to a file in the run folder.
func (s *session[F]) recovered(err *error) {
	cause := recover()
	if cause == nil {
		return
	}
	path := filepath.Join(s.result.Dir, "panic.txt")
	*err = fmt.Errorf("step %d: internal error: %v", s.Step, cause)
	text := fmt.Appendf(nil, "%v\n\n%s", cause, debug.Stack())
	if worker, ok := cause.(*parallel.Panic); ok {
		text = fmt.Appendf(text, "\nstack of the parallel loop's body that panicked:\n%s", worker.Stack)
	}
	if os.WriteFile(path, text, 0o644) == nil {
		*err = fmt.Errorf("%w (stack in %s)", *err, path)
	}
}

// onCadence reports whether something that is done every so many steps is done after this one.
func (s *session[F]) onCadence(every int) bool { return every > 0 && s.Step%int64(every) == 0 }

// due is onCadence, but also true after the last step.
func (s *session[F]) due(every int) bool { return s.onCadence(every) || s.last() }

// last reports whether the run ends after this step. A step whose evaluation exhausts the patience is due already.
func (s *session[F]) last() bool { return s.Step == int64(s.cfg.Steps) || s.result.Reason != "" }
