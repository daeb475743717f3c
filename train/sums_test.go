//go:build amd64 && !noasm

package train_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/layers"
	"goomtrain/models"
	"goomtrain/train"
	"goomtrain/train/optim"
)

var record = flag.Bool("record", false, "write the sums of the weights instead of comparing them")

// sumsFile holds a line "NAME SHA256" for every run of TestSums.
const sumsFile = "testdata/sums.txt"

// sumRuns are the runs whose weights must not change when the code is rearranged: every model by every
// optimizer on text and on a task, and each setting that reaches the arithmetic once.
func sumRuns() (names []string, args map[string][]string) {
	args = map[string][]string{}
	add := func(name string, a ...string) {
		names = append(names, name)
		args[name] = a
	}
	for _, model := range models.Names() {
		if model == "classifier" {
			continue // has tasks of its own
		}
		of := []string{"-model", model}
		if model == "hybrid" {
			of = append(of, "-pattern", "gated-delta,goom-full")
		}
		for _, optimizer := range optim.Names() {
			add("text/"+model+"/"+optimizer, append(of, "-optimizer", optimizer)...)
		}
		add("recall/"+model, append(of, "-task", "recall")...)
		add("float64/"+model, append(of, "-dtype", "float64", "-steps", "10", "-schedule-steps", "10")...)
		add("dropout/"+model, append(of, "-dropout", "0.1", "-micro-batch", "2")...)
	}
	add("text/default", "-model", "hybrid", "-pattern", "goom,window", "-optimizer", "muon", "-lr", "0.015")
	for _, pool := range []string{"last", "mean"} {
		add("classify/"+pool, "-model", "classifier", "-task", "classify", "-pool", pool, "-pattern", "softmax,gated-delta", "-dropout", "0.1", "-micro-batch", "2")
		add("images/"+pool, "-model", "classifier", "-task", "images", "-pool", pool, "-patch", "1x4", "-optimizer", "muon", "-lr", "0.002", "-seq", "20")
	}
	for _, task := range []string{"copy", "selective-copy", "parity", "modular", "s3", "s5"} {
		seq := "32"
		if task == "copy" {
			seq = "40"
		}
		add("task/"+task, "-task", task, "-seq", seq)
	}
	add("positions/learned", "-model", "softmax-attention", "-positions", "learned", "-mlp", "swiglu", "-d-mlp", "48")
	add("positions/none", "-model", "taylor-attention", "-positions", "none", "-taylor-terms", "3", "-heads", "3", "-d-head", "5")
	add("values", "-model", "log-attention", "-d-value", "7", "-heads", "3", "-d-head", "5")
	for _, transition := range []string{"full", "householder", "table"} {
		add("transition/"+transition, "-transition", transition)
	}
	add("pattern", "-model", "hybrid", "-layers", strconv.Itoa(len(layers.MixerNames())), "-pattern", strings.Join(layers.MixerNames(), ","), "-d-head", "8", "-steps", "10")
	add("delta", "-model", "delta-product", "-negative-eigenvalues=false", "-short-conv=false", "-forget-gate=false", "-output-gate=false", "-tie-embeddings", "-householders", "3", "-d-value", "5")
	add("sizes", "-d-emb", "40", "-layers", "3", "-heads", "5", "-d-head", "8", "-vocab", "300")
	add("schedule/cosine", "-schedule", "cosine", "-warmup", "7")
	add("schedule/wsd", "-schedule", "wsd", "-decay-ratio", "0.4")
	add("schedule/constant", "-schedule", "constant")
	add("micro-batches", "-batch", "7", "-micro-batch", "1") // whose gradients are added up in a tree
	add("rates", "-lr-recurrent", "0.3", "-beta1", "0.8", "-beta1-max", "0.95", "-beta2", "0.97", "-eps", "1e-6", "-weight-decay", "0.2", "-clip", "0.3", "-ema", "0.9")
	return names, args
}

// TestSums trains 40 steps of every model by every optimizer and compares the SHA-256 of the saved weights
// with the recorded one, so that a rearrangement of the code that changes a single bit is noticed. Where
// arithmetic changes on purpose: go test -run TestSums -record ./train
func TestSums(t *testing.T) {
	want := map[string]string{}
	if text, err := os.ReadFile(sumsFile); err == nil {
		for line := range strings.Lines(string(text)) {
			name, sum, _ := strings.Cut(strings.TrimSpace(line), " ")
			want[name] = sum
		}
	} else if !*record {
		t.Fatal(err)
	}
	corpus := filepath.Join(t.TempDir(), "corpus.txt")
	var text bytes.Buffer
	for i := range 400 {
		fmt.Fprintf(&text, "%d times %d is %d.\n", i, i+1, i*(i+1))
	}
	if err := os.WriteFile(corpus, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	classes, images := train.ClassFolder(t), train.ImageFolder(t)
	names, args := sumRuns()
	var recorded bytes.Buffer
	for _, name := range names {
		if testing.Short() && !(strings.HasPrefix(name, "text/") && strings.HasSuffix(name, "/adamw")) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			// Not the defaults: a sum is that of the same run whatever they are.
			common := []string{"-model", "goom-rnn", "-optimizer", "adamw", "-preset", "nano", "-steps", "40", "-schedule-steps", "40", "-batch", "4", "-seq", "32", "-eval-every", "0", "-eval-batches", "1"}
			switch task, _, _ := strings.Cut(name, "/"); {
			case task == "classify":
				common = append(common, "-data", classes)
			case task == "images":
				common = append(common, "-data", images)
			case !slices.Contains(args[name], "-task"):
				common = append(common, "-data", corpus, "-cache-dir", "off", "-sample", "0", "-lr", "0.005")
			}
			for i := 0; i+1 < len(args[name]); i += 2 { // a flag is given once
				if at := slices.Index(common, args[name][i]); at >= 0 {
					common = slices.Delete(common, at, at+2)
				}
			}
			dir := filepath.Join(t.TempDir(), "run")
			call, err := train.Parse(slices.Concat(common, args[name], []string{"-out", dir}))
			if err != nil {
				t.Fatal(err)
			}
			result, err := train.Launch(context.Background(), call.Config, new(bytes.Buffer))
			if err != nil {
				t.Fatal(err)
			}
			got := sumOfWeights(t, checkpoints.StepDir(dir, result.Step))
			fmt.Fprintf(&recorded, "%s %s\n", name, got)
			if !*record && got != want[name] {
				t.Errorf("the weights' sum is %s, want %s", got, want[name])
			}
		})
	}
	if *record {
		if err := os.WriteFile(sumsFile, recorded.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
