package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/simd"
	"goomtrain/models"
	"goomtrain/train/metrics"
)

// runBigram trains a fresh bigram as cfg says and returns its console.
func runBigram(t *testing.T, ctx context.Context, cfg Config, dataset *data.Dataset, model *bigram[float32]) (Result, string, error) {
	t.Helper()
	var console bytes.Buffer
	result, err := Run(ctx, cfg, model, dataset, &console)
	return result, console.String(), err
}

// TestRunLearnsAndLeavesItsFiles: the loss falls, every file of a run is there, the console says how
// to go on.
func TestRunLearnsAndLeavesItsFiles(t *testing.T) {
	dataset, cfg := corpus(t)
	result, console, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1))
	if err != nil {
		t.Fatal(err)
	}
	if result.Step != 40 || !(result.BestLoss < 3.5) || result.Reason != "" {
		t.Errorf("%+v", result)
	}
	for _, file := range []string{"config.toml", "metrics.jsonl", "metrics.csv", "loss.png", "tb",
		"checkpoints/step-00000040/model.safetensors", "checkpoints/step-00000040/optimizer.safetensors",
		"checkpoints/step-00000040/state.json", "checkpoints/last", "checkpoints/best"} {
		if _, err := os.Stat(filepath.Join(cfg.Out, file)); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"table", "256 x 256", "65,536", "decays", "no decay", "total 65,792 parameters",
		"step 40/40", "valid: loss", "bpb", "(best)", "finished after step 40", "-resume " + cfg.Out, "generate", "loss.png"} {
		if !strings.Contains(console, want) {
			t.Errorf("the console lacks %q:\n%s", want, console)
		}
	}
	records, err := metrics.ReadFile(filepath.Join(cfg.Out, "metrics.jsonl"))
	if err != nil || len(records) != 40+5 {
		t.Fatalf("%d records, error %v", len(records), err)
	}
	first, last := records[0], records[len(records)-1]
	if first.Step != 1 || first.Tokens != 4*16 || math.Abs(first.Loss-math.Log(256)) > 0.2 || math.Abs(first.BPB-first.Loss/math.Ln2) > 1e-9 {
		t.Errorf("first record %+v", first)
	}
	if last.Split != metrics.Valid || last.Step != 40 || last.Tokens != 40*4*16 {
		t.Errorf("last record %+v", last)
	}
}

// TestPanicOfAWorkerKeepsItsStack: what panics inside a parallel loop is found in panic.txt.
func TestPanicOfAWorkerKeepsItsStack(t *testing.T) {
	defer simd.SetThreads(0)
	simd.SetThreads(2)
	dataset, cfg := corpus(t)
	model := newBigram[float32](256, 1)
	model.onStep = func(int) { simd.For(100, deepInALoop) }
	_, _, err := runBigram(t, context.Background(), cfg, dataset, model)
	if err == nil || !strings.Contains(err.Error(), "step 1: internal error: index 3 is wrong") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	stack, err := os.ReadFile(filepath.Join(cfg.Out, "panic.txt"))
	if err != nil || !bytes.Contains(stack, []byte("deepInALoop")) || !bytes.Contains(stack, []byte("makeStep")) {
		t.Errorf("panic.txt: %v\n%s", err, stack)
	}
}

func deepInALoop(i int) {
	if i == 3 {
		panic("index 3 is wrong")
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	dataset, cfg := corpus(t)
	model := newBigram[float32](256, 1)
	model.onStep = func(calls int) {
		if calls == 7 {
			panic("shape [3] is not [4]")
		}
	}
	_, _, err := runBigram(t, context.Background(), cfg, dataset, model)
	if err == nil || !strings.Contains(err.Error(), "step 7: internal error: shape [3] is not [4]") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	stack, err := os.ReadFile(filepath.Join(cfg.Out, "panic.txt"))
	if err != nil || !bytes.Contains(stack, []byte("TestPanicBecomesAnError")) {
		t.Errorf("panic.txt: %v\n%s", err, stack)
	}
}

// TestPatience: evaluations that bring too little end the run, with the reason; a resumed run
// remembers.
func TestPatience(t *testing.T) {
	dataset, cfg := corpus(t)
	cfg.Patience, cfg.MinDelta, cfg.EvalEvery = 3, 100, 4
	result, console, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1))
	if err != nil || result.Step != 16 || !strings.Contains(result.Reason, "3 evaluations in a row") || !strings.Contains(console, "stopped after step 16") {
		t.Fatalf("%+v, error %v\n%s", result, err, console)
	}
	if want := "-resume " + cfg.Out + " -patience 6"; !strings.Contains(console, want) {
		t.Errorf("the advice is not %q:\n%s", want, console)
	}
	cfg.Resume, cfg.Out = cfg.Out, ""
	path := cfg.Data.Task.(*data.Text).Data
	reopened, _ := openText(t, path)
	result, _, err = runBigram(t, context.Background(), cfg, reopened, newBigram[float32](256, 1))
	if err != nil || result.Step != 16 || result.Reason == "" {
		t.Errorf("resumed: %+v, error %v", result, err)
	}
	cfg.Patience = 6 // as advised
	reopened, _ = openText(t, path)
	result, _, err = runBigram(t, context.Background(), cfg, reopened, newBigram[float32](256, 1))
	if err != nil || result.Step != 28 || result.Reason == "" {
		t.Errorf("resumed with more patience: %+v, error %v", result, err)
	}
}

// TestExtendedIsUninterrupted: a run that ended off its cadence and goes on is the run that never ended: its
// last evaluation there counts neither for the patience nor for what is best, and leaves no line.
func TestExtendedIsUninterrupted(t *testing.T) {
	whole, cfg := corpus(t)
	path := cfg.Data.Task.(*data.Text).Data
	cfg.Patience, cfg.EvalEvery, cfg.LogEvery, cfg.SaveEvery = 3, 8, 7, 8
	if _, _, err := runBigram(t, context.Background(), cfg, whole, newBigram[float32](256, 1)); err != nil {
		t.Fatal(err)
	}
	first := cfg
	first.Steps, first.Out = 20, filepath.Join(t.TempDir(), "run")
	dataset, _ := openText(t, path)
	result, console, err := runBigram(t, context.Background(), first, dataset, newBigram[float32](256, 1))
	if err != nil || result.BestStep != 20 || !strings.Contains(console, "at step 20") {
		t.Fatalf("the last evaluation of a session is not its best: %+v, error %v\n%s", result, err, console)
	}
	if best, err := checkpoints.BestDir(first.Out); err != nil || best != checkpoints.StepDir(first.Out, 20) {
		t.Errorf("best is %s, error %v", best, err)
	}
	again := first
	again.Resume, again.Out = first.Out, ""
	dataset, _ = openText(t, path)
	if result, _, err = runBigram(t, context.Background(), again, dataset, newBigram[float32](256, 1)); err != nil || result.BestStep != 20 {
		t.Errorf("resumed where it ended: %+v, error %v", result, err)
	}
	if lines := measured(t, first.Out); !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "20"+metrics.Valid) }) {
		t.Errorf("the last evaluation is gone: %q", lines)
	}
	second := cfg
	second.Resume, second.Out = first.Out, ""
	dataset, _ = openText(t, path)
	if _, _, err := runBigram(t, context.Background(), second, dataset, newBigram[float32](256, 1)); err != nil {
		t.Fatal(err)
	}
	if a, b := measured(t, cfg.Out), measured(t, first.Out); !slices.Equal(a, b) {
		t.Errorf("metrics differ:\n%s\n\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	sameCheckpoint(t, cfg.Out, first.Out, 40)
	a, err := checkpoints.Load(cfg.Out)
	if err != nil {
		t.Fatal(err)
	}
	b, err := checkpoints.Load(first.Out)
	if err != nil {
		t.Fatal(err)
	}
	a.State.ElapsedSeconds = b.State.ElapsedSeconds
	if !reflect.DeepEqual(a.State.Progress, b.State.Progress) {
		t.Errorf("%+v, extended %+v", a.State.Progress, b.State.Progress)
	}
}

// TestBrokenEvaluationFailsAtOnce: before any step.
func TestBrokenEvaluationFailsAtOnce(t *testing.T) {
	dataset, cfg := corpus(t)
	dataset.Valid[0].Source = func() (data.Source, error) { return nil, errors.New("the held-out file is gone") }
	model := newBigram[float32](256, 1)
	_, _, err := runBigram(t, context.Background(), cfg, dataset, model)
	if err == nil || !strings.Contains(err.Error(), "before the first step") || !strings.Contains(err.Error(), "is gone") || model.calls != 0 {
		t.Errorf("error %v after %d steps", err, model.calls)
	}
}

func stepsAllocateNothing(t *testing.T, model models.Trainable[float32]) {
	dataset, cfg := corpus(t)
	cfg.LogEvery, cfg.EMA, cfg.Steps, cfg.MicroBatch = 1000, 0.9, 1000, 2
	cfg.resolve()
	s, err := open(cfg, model, dataset, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	step := func() {
		r, err := s.makeStep()
		if err == nil {
			err = s.record(r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	step()
	if err := s.saver.Wait(); err != nil { // until it has allocated its memory, in the background
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, step); n > 0 {
		t.Errorf("%g allocations a step", n)
	}
	if err := s.close(nil); err != nil {
		t.Error(err)
	}
}

// TestRecomputeOfOthers: a model that cannot run its blocks again refuses -recompute before anything is written.
func TestRecomputeOfOthers(t *testing.T) {
	dataset, cfg := corpus(t)
	cfg.Recompute = true
	_, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1))
	if err == nil || !strings.Contains(err.Error(), "-recompute") {
		t.Error(err)
	}
	if _, err := os.Stat(cfg.Out); !errors.Is(err, os.ErrNotExist) {
		t.Error("there is a run folder")
	}
}

// TestRunHonorsItsConfig: Run sets the threads that it is given, and the element type is that of the model.
func TestRunHonorsItsConfig(t *testing.T) {
	defer simd.SetThreads(0)
	dataset, cfg := corpus(t)
	cfg.Threads, cfg.DType, cfg.Steps = 3, "float32", 2
	if _, err := Run(context.Background(), cfg, newBigram[float64](256, 1), dataset, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if n := simd.Threads(); n != 3 {
		t.Errorf("%d threads, want 3", n)
	}
	c, err := checkpoints.Load(cfg.Out)
	if err != nil || c.State.DType != "float64" || !strings.Contains(c.State.Config, `dtype = "float64"`) {
		t.Errorf("element type %q, error %v", c.State.DType, err)
	}
	cfg.Threads, cfg.Resume, cfg.Out, cfg.Steps = 0, cfg.Out, "", 4
	reopened, _ := openText(t, cfg.Data.Task.(*data.Text).Data)
	if _, err := Run(context.Background(), cfg, newBigram[float64](256, 1), reopened, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if n := simd.Threads(); n != 3 {
		t.Errorf("threads of 0 changed them to %d", n)
	}
}
