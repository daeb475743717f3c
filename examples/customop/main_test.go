package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/models"
	"goomtrain/rng"
)

// call is the program: it returns what it prints.
func call(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(context.Background(), args, &out); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	return out.String()
}

// text are the flags of a short run on a small text, in a folder.
func text(t *testing.T, dir string, more ...string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("peter piper picked a peck of pickled peppers. ", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	return append([]string{"-model", "leaky-rnn", "-preset", "nano", "-data", path, "-cache-dir", "off", "-seq", "32", "-batch", "4",
		"-eval-batches", "1", "-out", dir}, more...)
}

// sameWeights fails unless two runs have the same model and optimizer at step 40, byte for byte.
func sameWeights(t *testing.T, a, b string) {
	t.Helper()
	for _, file := range []string{"model.safetensors", "optimizer.safetensors"} {
		x, err := os.ReadFile(filepath.Join(checkpoints.StepDir(a, 40), file))
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(filepath.Join(checkpoints.StepDir(b, 40), file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs between %s and %s", file, a, b)
		}
	}
}

// TestTrainResumeGenerate: 40 steps equal 20 and 20 bit for bit, with an optimizer of the project and that of this
// module, and the model of the run writes text, the same each time.
func TestTrainResumeGenerate(t *testing.T) {
	for _, optimizer := range []string{"adamw", "heavy-ball"} {
		dir := t.TempDir()
		whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
		flags := []string{"-integrators", "24", "-memory", "16", "-dropout", "0.1", "-optimizer", optimizer}
		call(t, text(t, whole, append(flags, "-steps", "40")...)...)
		call(t, text(t, parts, append(flags, "-steps", "20")...)...)
		console := call(t, "-resume", parts, "-steps", "40", "-threads", "1")
		sameWeights(t, whole, parts)
		for _, want := range []string{"integrators 24, memory 16", optimizer, "go run . -resume " + parts, "go run . generate -from " + parts} {
			if !strings.Contains(console, want) {
				t.Errorf("the console lacks %q:\n%s", want, console)
			}
		}
		written := call(t, "generate", "-from", parts, "-prompt", "peter", "-n", "30")
		if again := call(t, "generate", "-from", parts, "-prompt", "peter", "-n", "30"); again != written || !strings.HasPrefix(written, "peter") || len(written) < 30 {
			t.Errorf("generated %q, then %q", written, again)
		}
	}
}

// TestStream: a stream predicts after a text in long pieces what it predicts after the text one token at a time.
func TestStream(t *testing.T) {
	config, err := models.NewConfig("leaky-rnn", "nano")
	if err != nil {
		t.Fatal(err)
	}
	config.Common().Vocab = 50
	model, err := models.New[float64](config, 1)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]int32, 150) // two pieces of 64, and 22 of one
	for i := range tokens {
		tokens[i] = int32(i * i % 50)
	}
	var last [2][]float64
	for i, piece := range []int{len(tokens), 1} {
		stream, err := model.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		for part := range slices.Chunk(tokens, piece) {
			if last[i], err = stream.Append(part); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range last[0] {
		if d := last[0][i] - last[1][i]; d > 1e-12 || d < -1e-12 {
			t.Errorf("logit %d is %v in pieces and %v one by one", i, last[0][i], last[1][i])
		}
	}
}

// TestMajority: the targets are the leaders of the votes, and the model learns to name them.
func TestMajority(t *testing.T) {
	sequences, err := (&Majority{Candidates: 2}).Build(9)
	if err != nil {
		t.Fatal(err)
	}
	inputs, targets := make([]int32, 9), make([]int32, 9)
	r := rng.New(1, t.Name())
	for range 20 {
		sequences.Draw(r, inputs, targets)
		lead := 0 // of symbol 1 over symbol 0
		for i, symbol := range inputs {
			lead += int(2*symbol) - 1
			want := int32(-1)
			if lead > 0 {
				want = 1
			} else if lead < 0 {
				want = 0
			}
			if targets[i] != want {
				t.Fatalf("inputs %v: targets %v", inputs, targets)
			}
		}
	}
	console := call(t, "-model", "leaky-rnn", "-preset", "nano", "-task", "majority", "-seq", "16", "-steps", "60", "-schedule-steps", "60",
		"-out", filepath.Join(t.TempDir(), "run"))
	if !strings.Contains(console, "majority: seq 16, candidates 3, vocabulary 3") || !strings.Contains(console, "valid: loss 0.") {
		t.Errorf("the task is not learned:\n%s", console)
	}
}

// TestMixer: the mixer of this module stands in a pattern beside those of the project.
func TestMixer(t *testing.T) {
	console := call(t, "-model", "hybrid", "-preset", "nano", "-pattern", "leaky,gated-delta", "-task", "majority", "-seq", "16", "-steps", "2",
		"-out", filepath.Join(t.TempDir(), "run"))
	for _, name := range []string{"model.layers.0.attn.decay", "model.layers.1.attn.b_proj.weight"} {
		if !strings.Contains(console, name) {
			t.Errorf("the console lacks %s:\n%s", name, console)
		}
	}
}

// TestRefuses: mistakes are errors that say what to do.
func TestRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"-integrators: model hybrid has no such setting, only leaky-rnn: leave it out": {"-integrators", "3"},
		"-memory 1: must be 2 to":                    {"-model", "leaky-rnn", "-memory", "1"},
		"-candidates: task text has no such setting": {"-candidates", "3"},
		"-weight-decay -1: must be at least 0":       {"-optimizer", "heavy-ball", "-weight-decay", "-1"},
		`there is no flag -integrater; did you mean`: {"-integrater", "3"},
		"does not exist: name a run folder":          {"generate", "-from", filepath.Join(t.TempDir(), "none")},
		`unexpected argument "world"`:                {"generate", "-prompt", "hello", "world"},
		"there is no flag -integrators":              {"generate", "-integrators", "3"},
	} {
		if err := run(context.Background(), args, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", args, err, want)
		}
	}
}
