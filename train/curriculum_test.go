package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/data/tasks"
	"goomtrain/rng"
	"goomtrain/settings"
	"goomtrain/train/metrics"
)

// successor is a task that a bigram learns: the number after the input, modulo 7.
type successor struct{}

func (successor) Settings() settings.Table { return nil }

func (successor) Build(seq int) (*tasks.Sequences, error) {
	return &tasks.Sequences{Len: cmp.Or(seq, 16), Vocab: 7, Chance: 1. / 7, Shortest: 1, Draw: func(r *rng.Stream, inputs, targets []int32) {
		for i := range inputs {
			inputs[i] = int32(r.IntN(7))
			targets[i] = (inputs[i] + 1) % 7
		}
	}}, nil
}

// growing is the configuration of a curriculum from 3 to 20 positions that a bigram finishes in some 200 steps.
func growing(t *testing.T, namesAndValues ...string) Config {
	t.Helper()
	cfg := selected(t, Selection{Model: "goom-rnn", Preset: "nano", Task: "parity", Schedule: "constant"})
	cfg.Data = data.Config{Name: "parity", Task: data.Synthetic("successor", successor{})}
	set(t, &cfg, "seq", "3:20", "curriculum", "true", "batch", "4", "steps", "230", "eval-every", "40", "eval-batches", "2",
		"save-every", "40", "log-every", "1", "lr", "0.1", "weight-decay", "0", "keep", "3", "out", filepath.Join(t.TempDir(), "run"))
	set(t, &cfg, namesAndValues...)
	return cfg
}

func runGrowing(t *testing.T, ctx context.Context, cfg Config, model *bigram[float32]) (Result, string, error) {
	t.Helper()
	dataset, err := data.Open(cfg.Data, cfg.Seed)
	if err != nil {
		t.Fatal(err)
	}
	return runBigram(t, ctx, cfg, dataset, model)
}

// lengthsOf are the lengths trained on, by step.
func lengthsOf(t *testing.T, dir string) (out []int) {
	t.Helper()
	records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Split == metrics.Train {
			out = append(out, r.Length)
		}
	}
	return out
}

// TestCurriculum: the lengths double up to the largest, each when the running mean of the losses falls below the
// threshold, and what is written down are the lengths of the batches.
func TestCurriculum(t *testing.T) {
	cfg := growing(t)
	dataset, err := data.Open(cfg.Data, cfg.Seed)
	if err != nil {
		t.Fatal(err)
	}
	result, console, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](7, 1))
	if err != nil || result.Reason != "" {
		t.Fatal(result, err)
	}
	records, err := metrics.ReadFile(filepath.Join(cfg.Out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	mean, length := math.NaN(), 3
	var stages []int
	for _, r := range records {
		if r.Split != metrics.Train {
			continue
		}
		if r.Length != length {
			t.Fatalf("step %d: length %d, want %d", r.Step, r.Length, length)
		}
		if math.IsNaN(mean) {
			mean = r.Loss
		} else {
			mean = 0.95*mean + 0.05*r.Loss
		}
		if mean < 0.1 && length < 20 {
			length, mean = min(2*length, 20), 1
			stages = append(stages, length)
		}
	}
	if !slices.Equal(stages, []int{6, 12, 20}) {
		t.Errorf("lengths %v", stages)
	}
	for _, want := range []string{"curriculum: up to 3 of 20 positions, doubled when the running loss is below 0.1", "now have up to 6 positions", "length 20"} {
		if !strings.Contains(console, want) {
			t.Errorf("the console lacks %q:\n%s", want, console)
		}
	}
}

// TestCurriculumResumes: a run that is cut in the middle of a stage, just before and just after a doubling equals an
// uninterrupted one bit for bit.
func TestCurriculumResumes(t *testing.T) {
	cfg := growing(t)
	if _, _, err := runGrowing(t, context.Background(), cfg, newBigram[float32](7, 1)); err != nil {
		t.Fatal(err)
	}
	lengths := lengthsOf(t, cfg.Out)
	doubled := slices.Index(lengths, 12) // the step after which the length is 12
	for _, at := range []int{5, doubled - 1, doubled, doubled + 1, doubled + 20} {
		cut := cfg
		cut.Out = filepath.Join(t.TempDir(), "cut")
		ctx, cancel := context.WithCancel(context.Background())
		model := newBigram[float32](7, 1)
		model.onStep = func(calls int) {
			if calls == at {
				cancel()
			}
		}
		if _, _, err := runGrowing(t, ctx, cut, model); !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		cancel()
		cut.Out, cut.Resume = "", cut.Out
		result, console, err := runGrowing(t, context.Background(), cut, newBigram[float32](7, 99))
		if err != nil || !strings.Contains(console, fmt.Sprintf("resumed at step %d ", at)) || !strings.Contains(console, fmt.Sprintf("curriculum: up to %d of 20 positions", lengths[at])) {
			t.Fatalf("%+v, error %v, console\n%s", result, err, console)
		}
		sameCheckpoint(t, cfg.Out, cut.Resume, 230)
		if !slices.Equal(measured(t, cfg.Out), measured(t, cut.Resume)) {
			t.Errorf("cut after step %d: the metrics differ", at)
		}
	}
}

// TestUntilLoss: the run stops at the full length only, evaluates and saves; resumed it stays where it is, and goes on
// with a smaller loss as if it had had that from the beginning.
func TestUntilLoss(t *testing.T) {
	cfg := growing(t, "until-loss", "0.29", "steps", "600", "log-every", "7", "eval-every", "50")
	result, console, err := runGrowing(t, context.Background(), cfg, newBigram[float32](7, 1))
	if err != nil || !strings.HasPrefix(result.Reason, "the running training loss is 0.2") || !strings.HasSuffix(result.Reason, ", below 0.29 (-until-loss)") {
		t.Fatalf("%+v, error %v", result, err)
	}
	end := result.Step
	for _, want := range []string{fmt.Sprintf("stopped after step %d: the running training loss", end), "-until-loss 0.029\n", fmt.Sprintf("step %d/600  valid: loss", end)} {
		if !strings.Contains(console, want) {
			t.Errorf("the console lacks %q:\n%s", want, console)
		}
	}
	before := measured(t, cfg.Out)
	if last := before[len(before)-1]; !strings.HasPrefix(last, fmt.Sprint(end)) || end%7 == 0 || end%50 == 0 {
		t.Errorf("step %d, last record %s", end, last)
	}
	if _, err := os.Stat(checkpoints.StepDir(cfg.Out, end)); err != nil {
		t.Error(err)
	}
	again := cfg
	again.Out, again.Resume = "", cfg.Out
	if result, _, err = runGrowing(t, context.Background(), again, newBigram[float32](7, 9)); err != nil || result.Step != end || result.Reason == "" {
		t.Errorf("resumed: %+v, error %v", result, err)
	}
	if !slices.Equal(measured(t, cfg.Out), before) {
		t.Error("resuming without a step changes the records")
	}
	again.UntilLoss = 0.05
	longer, _, err := runGrowing(t, context.Background(), again, newBigram[float32](7, 9))
	if err != nil || longer.Step <= end || longer.Reason == "" {
		t.Fatalf("%+v, error %v", longer, err)
	}
	whole := growing(t, "until-loss", "0.05", "steps", "600", "log-every", "7", "eval-every", "50")
	if _, _, err := runGrowing(t, context.Background(), whole, newBigram[float32](7, 1)); err != nil {
		t.Fatal(err)
	}
	sameCheckpoint(t, whole.Out, cfg.Out, longer.Step)
	if a, b := measured(t, whole.Out), measured(t, cfg.Out); !slices.Equal(a, b) {
		t.Errorf("the records differ:\n%s\n\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

// TestRunningLossIsOptional: without the settings that need it, the state of a run has none.
func TestRunningLossIsOptional(t *testing.T) {
	for want, cfg := range map[bool]Config{
		false: growing(t, "curriculum", "false", "steps", "3"),
		true:  growing(t, "curriculum", "false", "steps", "3", "until-loss", "1e-9"),
	} {
		if _, _, err := runGrowing(t, context.Background(), cfg, newBigram[float32](7, 1)); err != nil {
			t.Fatal(err)
		}
		c, err := checkpoints.Load(cfg.Out)
		if err != nil {
			t.Fatal(err)
		}
		if r := c.State.Running; (r != nil) != want || r != nil && r.Length != 20 {
			t.Errorf("running loss %+v, want one: %v", r, want)
		}
		if lengths := lengthsOf(t, cfg.Out); slices.Max(lengths) != 0 {
			t.Errorf("lengths %v without a curriculum", lengths)
		}
	}
}

func TestCurriculumRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-task", "parity", "-curriculum"}, "-curriculum needs lengths to grow through: give a range, as in -seq 2:32, which only generated tasks have"},
		{[]string{"-task", "text", "-curriculum"}, "-curriculum needs lengths to grow through"},
		{[]string{"-task", "text", "-seq", "2:32", "-curriculum"}, "-seq 2:32: the sequences of task text have one length"},
		{[]string{"-task", "parity", "-seq", "2:32", "-curriculum", "-overfit-batch"}, "-curriculum contradicts -overfit-batch"},
		{[]string{"-task", "parity", "-seq", "2:32", "-curriculum-loss", "0.5"}, "-curriculum-loss only works with -curriculum"},
		{[]string{"-task", "parity", "-seq", "2:32", "-curriculum", "-curriculum-loss", "0"}, "-curriculum-loss 0: must be positive"},
		{[]string{"-until-loss", "-1"}, "-until-loss -1: must be at least 0 (0: never)"},
	} {
		if _, err := Parse(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want one with %q", c.args, err, c.want)
		}
	}
	cfg := growing(t)
	dataset, err := data.Open(data.Config{Name: "parity", Seq: 8}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](2, 1)); err == nil || !strings.Contains(err.Error(), "the training data has one length") {
		t.Error(err)
	}
}

// TestEvaluationByLength: one record a length, the first of them the main one, over as many sequences at each, and the
// counts of sequences are those of the model.
func TestEvaluationByLength(t *testing.T) {
	cfg := growing(t, "curriculum", "false", "eval-lengths", "20,3,60", "steps", "30", "eval-every", "15", "lr", "0.03")
	_, console, err := runGrowing(t, context.Background(), cfg, newBigram[float32](7, 1))
	if err != nil {
		t.Fatal(err)
	}
	records, err := metrics.ReadFile(filepath.Join(cfg.Out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	splits := ""
	for _, r := range records {
		if r.Split != metrics.Train {
			splits += fmt.Sprintf("%d %s %d;", r.Step, r.Split, r.Length)
			if !(r.Accuracy >= r.SequenceAccuracy && r.SequenceAccuracy >= 0) || math.Abs(8*r.SequenceAccuracy-math.Round(8*r.SequenceAccuracy)) > 1e-9 {
				t.Errorf("%+v: not the accuracy of 8 sequences", r)
			}
		}
	}
	if splits != "15 valid 20;15 valid-3 3;15 valid-60 60;30 valid 20;30 valid-3 3;30 valid-60 60;" {
		t.Error(splits)
	}
	for _, want := range []string{"step 15/30  validation by length", "  sequences\n", "         20 ", "(best)"} {
		if !strings.Contains(console, want) {
			t.Errorf("the console lacks %q:\n%s", want, console)
		}
	}
	if _, err := os.Stat(filepath.Join(cfg.Out, "accuracy.png")); err != nil {
		t.Error(err)
	}
}

// TestCut: all sequences are scored, in batches of no more positions than allowed, but for a single long sequence.
func TestCut(t *testing.T) {
	for _, c := range [][5]int{{320, 32, 16 * 32, 16, 20}, {320, 64, 16 * 32, 8, 40}, {320, 48, 16 * 32, 10, 32}, {320, 10000, 512, 1, 320}, {320, 1, 512, 320, 1}, {7, 10, 40, 1, 7}} {
		if size, batches := Cut(c[0], c[1], c[2]); size != c[3] || batches != c[4] {
			t.Errorf("%d sequences of %d positions in batches of %d: %d x %d, want %d x %d", c[0], c[1], c[2], batches, size, c[4], c[3])
		}
	}
}
