package train

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data"
)

// TestLimits: the settings of the training loop accept the last value that makes sense, on either side, and refuse the next.
func TestLimits(t *testing.T) {
	cfg := selected(t, Selection{Preset: "nano"})
	for _, c := range []struct{ name, valid, broken string }{
		{"steps", "1", "0"},
		{"batch", "1 1048576", "0 1048577"},
		{"micro-batch", "0 1", "-1"},
		{"patience", "0 1", "-1"},
		{"min-delta", "0 1e-9", "-1e-9"},
		{"until-loss", "0 1e-9", "-1e-9"},
		{"curriculum-loss", "1e-9", "0 -1"},
		{"clip", "0 1e-9", "-1e-9"},
		{"ema", "0 0.5", "1 -0.1"},
		{"max-nonfinite", "1", "0"},
		{"eval-every", "0 1", "-1"},
		{"eval-batches", "1", "0"},
		{"save-every", "0 1", "-1"},
		{"keep", "1", "0"},
		{"log-every", "0 1", "-1"},
		{"sample", "0 1", "-1"},
		{"threads", "0 1 1024", "-1 1025"},
		{"sequence-parallel", "1", "0"},
		{"dtype", "float32 float64", "float16"},
		{"on-nonfinite", "stop skip", "continue"},
		{"device", "auto cpu gpu gpu:0 gpu:12", "tpu gpu: gpu:-1 gpu:x"},
	} {
		for list, want := range map[string]bool{c.valid: true, c.broken: false} {
			for text := range strings.FieldsSeq(list) {
				s, ok := cfg.Settings().Find(c.name)
				if !ok {
					t.Fatalf("there is no setting %s", c.name)
				}
				before := s.Text()
				set(t, &cfg, c.name, text)
				if err := s.Validate(); (err == nil) != want || err != nil && !strings.HasPrefix(err.Error(), "-"+c.name+" ") {
					t.Errorf("-%s %s: error %v", c.name, text, err)
				}
				set(t, &cfg, c.name, before)
			}
		}
	}
}

// masked is a source of one batch whose targets do not count.
type masked struct{ drawn bool }

func (m *masked) Next(b *data.Batch) error {
	if m.drawn {
		return io.EOF
	}
	m.drawn = true
	b.Len, b.Inputs, b.Targets = 4, make([]int32, 4*b.Size), slices.Repeat([]int32{-1}, 4*b.Size)
	return nil
}
func (m *masked) State() ([]byte, error) { return []byte("no JSON"), nil }
func (m *masked) Restore([]byte) error   { return nil }

// TestRunRefuses: data sets that a run cannot be made on, before it has a folder.
func TestRunRefuses(t *testing.T) {
	for want, spoil := range map[string]func(d *data.Dataset, cfg *Config){
		"the data set has no validation set": func(d *data.Dataset, cfg *Config) { d.Valid = nil },
		"2 sequences of 8388609 positions at once are more than 16777216 positions: give a smaller -micro-batch or -seq": func(d *data.Dataset, cfg *Config) {
			d.SeqLen, cfg.MicroBatch = largestMicroBatch/2+1, 2
		},
		"-recompute: the model cannot compute its blocks again": func(d *data.Dataset, cfg *Config) { cfg.Recompute = true },
	} {
		dataset, cfg := corpus(t)
		spoil(dataset, &cfg)
		if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		if _, err := os.Stat(cfg.Out); err == nil {
			t.Errorf("%s: it left a run folder", want)
		}
	}
}

// TestNothingToScore: an evaluation without a counted target has no score, nor has one that is canceled, or whose source cannot
// be opened.
func TestNothingToScore(t *testing.T) {
	set := data.Validation{Name: "blank", Len: 4, Source: func() (data.Source, error) { return new(masked), nil }}
	if _, err := Evaluate(context.Background(), newBigram[float32](7, 1), set, &data.Batch{}, 2, 3); err == nil || err.Error() != "validation set blank has no counted target" {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Evaluate(ctx, newBigram[float32](7, 1), set, &data.Batch{}, 2, 3); err != context.Canceled {
		t.Errorf("canceled: error %v", err)
	}
	broken := errors.New("the file is gone")
	set.Source = func() (data.Source, error) { return nil, broken }
	if _, err := Evaluate(context.Background(), newBigram[float32](7, 1), set, &data.Batch{}, 2, 3); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "validation set blank: ") {
		t.Errorf("error %v", err)
	}
}

// TestStateOfDataMustBeJSON: a source of another module whose state no checkpoint can hold ends the run at its first save.
func TestStateOfDataMustBeJSON(t *testing.T) {
	dataset, cfg := corpus(t)
	dataset.Train = endless{dataset.Train}
	_, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1))
	if err == nil || !strings.Contains(err.Error(), "save: position of the training data: a data.Source's State must be JSON") {
		t.Errorf("error %v", err)
	}
}

// endless is a source whose state is no JSON.
type endless struct{ data.Source }

func (endless) State() ([]byte, error) { return []byte("position 7"), nil }

// TestLoadConfig: the configuration of a run is that with which it was made, from its folder or that of a checkpoint.
func TestLoadConfig(t *testing.T) {
	dataset, cfg := corpus(t)
	set(t, &cfg, "steps", "2", "clip", "0.5", "ema", "0.75")
	if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{cfg.Out, filepath.Join(cfg.Out, "checkpoints", "last")} {
		got, err := LoadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Steps != 2 || got.Clip != 0.5 || got.EMA != 0.75 || got.Schedule.LR != 0.1 || got.Model.Model != cfg.Model.Model {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if _, err := LoadConfig(t.TempDir()); err == nil {
		t.Error("a folder without a run has a configuration")
	}
}

// TestLinesLeftOut: a resumed run says which lines of its metrics were no records.
func TestLinesLeftOut(t *testing.T) {
	dataset, cfg := corpus(t)
	path := cfg.Data.Task.(*data.Text).Data
	cfg.Steps = 5
	if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(cfg.Out, "metrics.jsonl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("torn\n"+string(text)), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg.Out, cfg.Resume, cfg.Steps = "", cfg.Out, 6
	dataset, _ = openText(t, path)
	_, console, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1))
	if err != nil || !strings.Contains(console, "note: left out 1 line of metrics.jsonl without a record; the first: ") || !strings.Contains(console, "line 1: ") {
		t.Errorf("error %v, console\n%s", err, console)
	}
	if lines := measured(t, cfg.Resume); len(lines) == 0 || !strings.HasPrefix(lines[0], "1") || !strings.HasPrefix(lines[len(lines)-1], "6") {
		t.Errorf("records %q", lines)
	}
}

// TestFirstDifference: the error of a job whose processes differ names what differs.
func TestFirstDifference(t *testing.T) {
	for want, c := range map[string][2]string{
		"-lr is 2, on rank 0 1":                  {"steps = 3\nlr = 1", "steps = 3\nlr = 2"},
		"-freeze is none, on rank 0 embed.*":     {`freeze = "embed.*"`, `freeze = ""`},
		"-beta2 is 0.9, on rank 0 it is not set": {"lr = 1", "lr = 1\nbeta2 = 0.9"},
		"-beta2 is not set, on rank 0 it is 0.9": {"lr = 1\nbeta2 = 0.9", "lr = 1"},
		"they differ in comments":                {"lr = 1 # one", "lr = 1"},
		"they cannot be compared":                {"lr = 1", "lr ="},
	} {
		if got := firstDifference(c[0], c[1]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestResumeRefusesAnEditedRun: a setting that was edited in config.toml since the checkpoint is refused with the
// checkpoint's name.
func TestResumeRefusesAnEditedRun(t *testing.T) {
	dataset, cfg := corpus(t)
	path := cfg.Data.Task.(*data.Text).Data
	cfg.Steps = 5
	if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c *Config){
		"-seed is 2, but the checkpoint was saved with 1: restore that value":  func(c *Config) { c.Seed = 2 },
		"-ema is 0.5, but the checkpoint was saved with 0: restore that value": func(c *Config) { c.EMA = 0.5 },
		"is already at step 5: give a larger -steps than 4":                    func(c *Config) { c.Steps = 4 },
	} {
		again := cfg
		again.Out, again.Resume = "", cfg.Out
		change(&again)
		dataset, _ = openText(t, path)
		_, _, err := runBigram(t, context.Background(), again, dataset, newBigram[float32](256, 1))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "step-00000005") {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
