package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"goomtrain/train"
	"goomtrain/train/metrics"
)

// A trial is a short training.
type trial struct {
	model, preset string
	steps         int
	settings      []string // name, value, ...
}

// train trains on a device and returns the records of the run.
func (t trial) train(dir, device string) ([]metrics.Record, error) {
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 5000)), 0o644); err != nil {
		return nil, err
	}
	cfg, err := train.New(train.Selection{Model: t.model, Preset: t.preset, Optimizer: "adamw"})
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp(dir, "run")
	if err != nil {
		return nil, err
	}
	out = filepath.Join(out, "run")
	pairs := append([]string{"data", text, "steps", fmt.Sprint(t.steps), "eval-every", "0", "eval-batches", "1", "save-every", "0", "log-every", "1", "sample", "0", "device", device, "out", out}, t.settings...)
	for i := 0; i < len(pairs); i += 2 {
		if err := cfg.Set(pairs[i], pairs[i+1]); err != nil {
			return nil, err
		}
	}
	if _, err := train.Launch(context.Background(), cfg, &bytes.Buffer{}); err != nil {
		return nil, err
	}
	return metrics.ReadFile(filepath.Join(out, "metrics.jsonl"))
}

// largestDifference is how far losses of the GPU may be from those of the CPU, in proportion, within the steps compared.
const largestDifference = 1e-4

// compareTraining trains small models on both devices and returns an error if the losses differ.
func (o options) compareTraining(out io.Writer, dir string) error {
	fmt.Fprintln(out, "\ntraining against the CPU, 20 steps")
	for _, model := range []string{"goom-rnn", "softmax-attention", "log-attention"} {
		t := trial{model: model, preset: "nano", steps: 20, settings: []string{"seq", "32", "batch", "2", "dropout", "0.1"}}
		want, err := t.train(dir, "cpu")
		if err != nil {
			return err
		}
		got, err := t.train(dir, fmt.Sprintf("gpu:%d", o.number))
		if err != nil {
			return err
		}
		if len(got) != len(want) {
			return fmt.Errorf("%s: the GPU has %d records, the CPU %d: do not train on this GPU, and report this", model, len(got), len(want))
		}
		worst := 0.0
		for i, w := range want {
			worst = max(worst, math.Abs(got[i].Loss-w.Loss)/w.Loss)
		}
		fmt.Fprintf(out, "%-32s losses within %.1e\n", model, worst)
		if !(worst <= largestDifference) {
			return fmt.Errorf("%s: the losses on the GPU differ from those on the CPU by %.1e: do not train on this GPU, and report this", model, worst)
		}
	}
	return nil
}

// measureTraining prints the speed of training steps.
func (o options) measureTraining(out io.Writer, dir string) error {
	fmt.Fprintf(out, "\n%-36s %10s\n", "training, 16 x 1024 tokens a step", "tokens/s")
	for _, model := range []string{"goom-rnn", "softmax-attention", "log-attention"} {
		for _, preset := range []string{"small", "base"} {
			for _, precision := range []string{"float32", "tf32"} {
				t := trial{model: model, preset: preset, steps: 30, settings: []string{"seq", "1024", "batch", "16", "micro-batch", "16", "matmul", precision}}
				records, err := t.train(dir, fmt.Sprintf("gpu:%d", o.number))
				if err != nil {
					return err
				}
				var took time.Duration
				tokens := 0.0
				for _, r := range records[len(records)/2:] {
					if r.Split == metrics.Train && r.TokensPerSec > 0 {
						tokens += 16 * 1024
						took += time.Duration(16 * 1024 / r.TokensPerSec * float64(time.Second))
					}
				}
				fmt.Fprintf(out, "%-36s %10.0f\n", fmt.Sprintf("%s %s, %s", model, preset, precision), tokens/took.Seconds())
			}
		}
	}
	return nil
}
