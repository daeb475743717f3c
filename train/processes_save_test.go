package train

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/comm"
	"goomtrain/models"
)

// trainTogether trains a small model in n processes. It returns their errors by rank.
func trainTogether(t *testing.T, n int, optimizer string, change func(rank int, cfg *Config, model *watchedModel), pairs ...string) []error {
	t.Helper()
	pairs = append([]string{"seq", "24", "batch", "12", "micro-batch", "1", "warmup", "0", "schedule-steps", "12", "eval-batches", "4", "save-every", "3", "eval-every", "6"}, pairs...)
	return jobOf(t, n, Selection{Model: "goom-rnn", Preset: "nano", Optimizer: optimizer}, pairs, func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
		w := &watchedModel{Model: model}
		if change != nil {
			change(cfg.job.Rank(), &cfg, w)
		}
		_, err := Run(context.Background(), cfg, w, dataset, io.Discard)
		return err
	})
}

// watchedModel is a model that can fail.
type watchedModel struct {
	*models.Model[float32]
	calls  int
	onStep func(call int) error
}

func (m *watchedModel) Step(inputs, targets []int32, size, length int, denominator float64) (models.Stats, error) {
	m.calls++
	if m.onStep != nil {
		if err := m.onStep(m.calls); err != nil {
			return models.Stats{}, err
		}
	}
	return m.Model.Step(inputs, targets, size, length, denominator)
}

// tensorsAt returns the bytes of all tensors of a checkpoint.
func tensorsAt(t *testing.T, run string, step int64) map[string][]byte {
	t.Helper()
	c, err := checkpoints.Load(checkpoints.StepDir(run, step))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, path := range []string{c.ModelPath(), c.OptimizerPath()} {
		f, err := checkpoints.OpenTensors(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, name := range f.Names() {
			raw, err := f.Raw(name)
			if err != nil {
				t.Fatal(err)
			}
			if all[name], err = io.ReadAll(raw); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// TestProcessesResume: a run of N processes that M resume has the weights, averages and optimizer state of a run of one
// process that nothing interrupts.
func TestProcessesResume(t *testing.T) {
	all := map[string][][2]int{"adamw": {{1, 3}, {2, 2}, {4, 1}}, "muon": {{3, 2}}}
	if testing.Short() {
		all = map[string][][2]int{"adamw": {{2, 3}}}
	}
	for optimizer, jobs := range all {
		out := filepath.Join(t.TempDir(), "whole")
		settings := []string{"ema", "0.9", "steps", "12"}
		if err := errors.Join(trainTogether(t, 1, optimizer, nil, append(settings, "out", out)...)...); err != nil {
			t.Fatal(err)
		}
		want := tensorsAt(t, out, 12)
		for _, job := range jobs {
			out := filepath.Join(t.TempDir(), "run")
			if err := errors.Join(trainTogether(t, job[0], optimizer, nil, slices.Concat(settings, []string{"steps", "6", "out", out})...)...); err != nil {
				t.Fatalf("%v: %v", job, err)
			}
			if err := errors.Join(trainTogether(t, job[1], optimizer, nil, slices.Concat(settings, []string{"resume", out})...)...); err != nil {
				t.Fatalf("%v: %v", job, err)
			}
			if got := tensorsAt(t, out, 12); !maps.EqualFunc(got, want, bytes.Equal) {
				for _, name := range slices.Sorted(maps.Keys(want)) {
					if !bytes.Equal(got[name], want[name]) {
						t.Errorf("%s, %d processes and then %d: of %d tensors, %s differs", optimizer, job[0], job[1], len(got), name)
						break
					}
				}
			}
		}
	}
}

// TestProcessFailsAfterASave: a process that fails, in whatever step, ends the others, and none waits for it to save. What
// was saved before is whole.
func TestProcessFailsAfterASave(t *testing.T) {
	calls := []int{1, 19, 20, 25} // six a step; saved after step 3
	if testing.Short() {
		calls = calls[1:2]
	}
	for lost := range 2 {
		for _, call := range calls {
			out := filepath.Join(t.TempDir(), "run")
			errs := trainTogether(t, 2, "adamw", func(rank int, cfg *Config, model *watchedModel) {
				if rank == lost {
					model.onStep = func(n int) error {
						if n == call {
							return errors.New("out of memory")
						}
						return nil
					}
				}
			}, "steps", "12", "out", out)
			for r, err := range errs {
				if r == lost && (err == nil || !strings.Contains(err.Error(), "out of memory")) || r != lost && !errors.As(err, new(*comm.PeerError)) {
					t.Errorf("without %d at call %d: process %d: %v", lost, call, r, err)
				}
			}
			if call == 25 {
				if _, err := checkpoints.Load(checkpoints.StepDir(out, 3)); err != nil {
					t.Errorf("without %d at call %d: %v", lost, call, err)
				}
			}
			if err := errors.Join(trainTogether(t, 3, "adamw", nil, "steps", "12", "resume", out)...); err != nil {
				t.Errorf("without %d at call %d, resumed: %v", lost, call, err)
			}
		}
	}
}

// TestProcessFailsBeforeTraining: there is no run to resume, and the error does not advise to.
func TestProcessFailsBeforeTraining(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	errs := trainTogether(t, 2, "adamw", func(rank int, cfg *Config, _ *watchedModel) {
		if rank == 1 {
			cfg.Init = "nowhere"
		}
	}, "out", out)
	if err := errs[0]; !errors.As(err, new(*comm.PeerError)) || strings.Contains(err.Error(), "-resume") {
		t.Errorf("process 0: %v", err)
	}
}
