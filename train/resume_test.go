package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/train/metrics"
)

// measured are the parts of a run's records that must not depend on when it was cut, or on the time.
func measured(t *testing.T, dir string) (out []string) {
	t.Helper()
	records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		out = append(out, fmt.Sprint(r.Step, r.Split, r.Length, r.Loss, r.BPB, r.Accuracy, r.SequenceAccuracy, r.LR, r.GradNorm, r.GradNorms, r.Tokens))
	}
	return out
}

// sameCheckpoint compares the arrays of two runs' checkpoints byte for byte.
func sameCheckpoint(t *testing.T, a, b string, step int64) {
	t.Helper()
	for _, file := range []string{"model.safetensors", "optimizer.safetensors"} {
		x, err := os.ReadFile(filepath.Join(checkpoints.StepDir(a, step), file))
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(filepath.Join(checkpoints.StepDir(b, step), file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s of step %d differs between %s and %s", file, step, a, b)
		}
	}
}

// TestResumeIsBitForBit: 40 steps at once equal 20 and 20, and equal a run that is interrupted
// again and again, at whatever step and with other numbers of threads: the same weights, optimizer
// state and metrics.
func TestResumeIsBitForBit(t *testing.T) {
	defer simd.SetThreads(0)
	for name, set := range map[string]func(c *Config){
		"adamw":         func(c *Config) {},
		"lion, ema":     func(c *Config) { use(t, c, "lion"); c.EMA = 0.9 },
		"muon, pieces":  func(c *Config) { use(t, c, "muon"); c.MicroBatch = 2 },
		"overfit batch": func(c *Config) { c.OverfitBatch = true },
	} {
		t.Run(name, func(t *testing.T) {
			dataset, cfg := corpus(t)
			set(&cfg)
			if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err != nil {
				t.Fatal(err)
			}
			half := cfg
			half.Out, half.Steps = filepath.Join(t.TempDir(), "half"), 24
			reopened, _ := openText(t, cfg.Data.Task.(*data.Text).Data)
			if _, _, err := runBigram(t, context.Background(), half, reopened, newBigram[float32](256, 1)); err != nil {
				t.Fatal(err)
			}
			rest := cfg
			rest.Out, rest.Resume = "", half.Out
			reopened, _ = openText(t, cfg.Data.Task.(*data.Text).Data)
			simd.SetThreads(1)
			if _, console, err := runBigram(t, context.Background(), rest, reopened, newBigram[float32](256, 99)); err != nil || !strings.Contains(console, "resumed at step 24") {
				t.Fatalf("error %v, console\n%s", err, console)
			}
			sameCheckpoint(t, cfg.Out, half.Out, 40)
			if !slices.Equal(measured(t, cfg.Out), measured(t, half.Out)) {
				t.Errorf("metrics differ:\n%s\n\n%s", strings.Join(measured(t, cfg.Out), "\n"), strings.Join(measured(t, half.Out), "\n"))
			}

			cut := cfg
			cut.Out = filepath.Join(t.TempDir(), "cut")
			sessions := 0
			for next := 3; ; next += 7 {
				simd.SetThreads(1 + sessions%3)
				ctx, cancel := context.WithCancel(context.Background())
				model, calls := newBigram[float32](256, uint64(sessions)), 0
				if sessions == 0 {
					model = newBigram[float32](256, 1)
				}
				model.onStep = func(int) {
					if calls++; calls > next {
						cancel()
					}
				}
				reopened, _ = openText(t, cfg.Data.Task.(*data.Text).Data)
				_, console, err := runBigram(t, ctx, cut, reopened, model)
				cancel()
				if sessions++; err == nil {
					break
				}
				if !errors.Is(err, ErrInterrupted) || !strings.Contains(console, "interrupted after step") {
					t.Fatalf("error %v, console\n%s", err, console)
				}
				cut.Out, cut.Resume = "", filepath.Join(filepath.Dir(cut.Out+cut.Resume), "cut")
			}
			if sessions < 3 {
				t.Errorf("only %d sessions", sessions)
			}
			sameCheckpoint(t, cfg.Out, cut.Resume, 40)
			if !slices.Equal(measured(t, cfg.Out), measured(t, cut.Resume)) {
				t.Error("metrics of the interrupted run differ")
			}
		})
	}
}

// TestFingerprint: a run resumes on data with its fingerprint or with the one that earlier versions gave the data,
// and on no other.
func TestFingerprint(t *testing.T) {
	for _, c := range []struct {
		saved, now, earlier string
		good                bool
	}{{"a", "b", "", false}, {"a", "b", "c", false}, {"a", "b", "a", true}, {"", "b", "", false}} {
		dataset, cfg := corpus(t)
		dataset.Fingerprint = c.saved
		if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err != nil {
			t.Fatal(err)
		}
		cfg.Out, cfg.Resume, cfg.Steps = "", cfg.Out, 48
		reopened, _ := openText(t, cfg.Data.Task.(*data.Text).Data)
		reopened.Fingerprint, reopened.Earlier = c.now, c.earlier
		_, _, err := runBigram(t, context.Background(), cfg, reopened, newBigram[float32](256, 1))
		if (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "the data has changed since the checkpoint") {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

// TestBadWeightsAreNotSaved: weights from which a forward pass is not finite are no checkpoint, and push no
// good one out; nothing is saved while steps are left out.
func TestBadWeightsAreNotSaved(t *testing.T) {
	model := func() *models.Model[float32] {
		m, err := models.New[float32](goomRNN(256, 16, 1, 2, 8), 1)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	dataset, cfg := corpus(t)
	path := cfg.Data.Task.(*data.Text).Data
	set(t, &cfg, "lr", "1e-3", "steps", "6", "save-every", "1", "eval-every", "0")
	if _, err := Run(context.Background(), cfg, model(), dataset, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	kept := func() (steps []int64) {
		entries, err := checkpoints.List(cfg.Out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			steps = append(steps, e.Step)
		}
		return steps
	}
	before := kept()
	for name, want := range map[string]string{"stop": "after step 7 the validation loss is NaN; the checkpoint of step 6 is good", "skip": "more than -max-nonfinite; the checkpoint of step 6 is good"} {
		dataset, _ = openText(t, path)
		bad := cfg
		bad.Resume, bad.Out = cfg.Out, ""
		set(t, &bad, "lr", "1e30", "steps", "20", "clip", "0", "on-nonfinite", name, "max-nonfinite", "3")
		if _, err := Run(context.Background(), bad, model(), dataset, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
		if after := kept(); !slices.Equal(before, after) {
			t.Errorf("%s: checkpoints %v became %v", name, before, after)
		}
	}
}

// TestFailedSaveIsReportedOnce: a save that fails in the course of training or at its end is in the error of Run, and
// nowhere else.
func TestFailedSaveIsReportedOnce(t *testing.T) {
	for _, at := range []int{7, 38} {
		dataset, cfg := corpus(t)
		model := newBigram[float32](256, 1)
		model.onStep = func(call int) {
			for folder := filepath.Join(cfg.Out, "checkpoints"); call == at; { // put a file in the place of the folder
				if os.RemoveAll(folder) == nil && os.WriteFile(folder, nil, 0o644) == nil {
					return
				} // else a save is at work there
			}
		}
		_, console, err := runBigram(t, context.Background(), cfg, dataset, model)
		if err == nil {
			t.Fatalf("step %d: no error", at)
		}
		if n := strings.Count(console+err.Error(), "cannot save checkpoint"); n != 1 || !strings.Contains(err.Error(), "cannot save checkpoint") {
			t.Errorf("step %d: reported %d times: error %v, console\n%s", at, n, err, console)
		}
	}
}

// TestEmptiedCheckpoints: a run whose checkpoints were removed is not started over, which would overwrite its
// metrics; one that was killed before its first checkpoint is.
func TestEmptiedCheckpoints(t *testing.T) {
	dataset, cfg := corpus(t)
	path := cfg.Data.Task.(*data.Text).Data
	if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err != nil {
		t.Fatal(err)
	}
	before := measured(t, cfg.Out)
	folder := filepath.Join(cfg.Out, "checkpoints")
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	again := cfg
	again.Resume, again.Out = cfg.Out, ""
	dataset, _ = openText(t, path)
	if _, _, err := runBigram(t, context.Background(), again, dataset, newBigram[float32](256, 1)); err == nil || !strings.Contains(err.Error(), "put its checkpoints back") {
		t.Errorf("error %v", err)
	}
	if after := measured(t, cfg.Out); !slices.Equal(before, after) {
		t.Error("the metrics were overwritten")
	}
	for steps, good := range map[int]bool{2 * cfg.SaveEvery: true, 2*cfg.SaveEvery + 1: false} {
		// The process may be killed while it waits, to save for the second time, until it has saved for the first.
		killed := cfg
		killed.Out, killed.Steps = filepath.Join(t.TempDir(), "run"), steps
		dataset, _ = openText(t, path)
		if _, _, err := runBigram(t, context.Background(), killed, dataset, newBigram[float32](256, 1)); err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(killed.Out, "checkpoints")
		if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o755)); err != nil {
			t.Fatal(err)
		}
		killed.Out, killed.Resume = "", killed.Out
		dataset, _ = openText(t, path)
		if _, _, err := runBigram(t, context.Background(), killed, dataset, newBigram[float32](256, 1)); (err == nil) != good {
			t.Errorf("killed after %d steps: error %v", steps, err)
		}
	}
	again.SaveEvery = 0 // then a run of any length may have none
	dataset, _ = openText(t, path)
	if _, console, err := runBigram(t, context.Background(), again, dataset, newBigram[float32](256, 1)); err != nil || !strings.Contains(console, "starts from the beginning") {
		t.Errorf("error %v\n%s", err, console)
	}
}
