package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/data"
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
	if m, ok := any(model).(models.Configured); ok && m.Config().Model != "" {
		cfg.Model = m.Config()
	}
	if cfg.Threads > 0 {
		parallel.SetThreads(cfg.Threads)
	}
	cfg.resolve()
	defer keepFrozen(model.Params())()
	s, err := open(cfg, model, dataset, console)
	if err != nil {
		return Result{}, withAdvice(err)
	}
	err = s.loop(ctx)
	return s.result, withAdvice(s.close(err))
}

// withAdvice adds to an error about a full or unwritable disk, or about what a GPU cannot do, what to do about it, unless
// the error already says so.
func withAdvice(err error) error {
	advice := checkpoints.Advice(err)
	switch {
	case errors.Is(err, gpu.ErrMemory):
		advice = "give a smaller -micro-batch or -seq, or -recompute, or -device cpu"
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
			if err := s.savePeriodically(ctx); err != nil {
				return err
			}
		}
		if s.due(s.cfg.EvalEvery) && ctx.Err() == nil {
			if err := s.evaluate(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return s.interrupted(ctx)
		}
	}
	if err := s.saveOnce(ctx); err != nil {
		return err
	}
	return s.sample(ctx)
}

// interrupted saves the current step.
func (s *session[F]) interrupted(ctx context.Context) error {
	if err := s.saveOnce(ctx); err != nil {
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
	if err != nil {
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
	params.ZeroGrad(s.params)
	if sum, err = s.accumulate(b, denominator); err != nil {
		return sum, 0, err
	}
	if norm = s.norm.Global(); finite(sum.Loss) && finite(norm) {
		s.optimizer.Update(rates.LR, rates.Beta1, optim.ClipScale(norm, s.cfg.Clip))
		if s.ema != nil {
			s.ema.Update()
		}
	}
	return sum, norm, nil
}

// accumulate runs the micro-batches of a batch and adds up their gradients of the mean loss over all counted
// targets of the batch.
func (s *session[F]) accumulate(b *data.Batch, denominator int) (sum models.Stats, err error) {
	rows := s.cfg.MicroBatch
	random, _ := s.model.(models.Random)
	for lo := 0; lo < b.Size; lo += rows {
		from, to := lo*b.Len, (lo+rows)*b.Len
		if random != nil {
			random.Draw(s.Step, lo)
		}
		stats, err := s.model.Step(b.Inputs[from:to], b.Targets[from:to], rows, b.Len, float64(denominator))
		if err != nil {
			return sum, err
		}
		sum.Loss += stats.Loss
		sum.Correct += stats.Correct
	}
	sum.Tokens = denominator
	return sum, nil
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
