package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	"goomtrain/params"
	"goomtrain/train/metrics"
	"goomtrain/train/optim"
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

// losses are the parts of a run's records that must not depend on when it was cut.
func losses(t *testing.T, dir string) (out []string) {
	t.Helper()
	records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		out = append(out, fmt.Sprint(r.Step, r.Split, r.Loss, r.BPB, r.LR, r.GradNorm, r.Tokens))
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
			if !slices.Equal(losses(t, cfg.Out), losses(t, half.Out)) {
				t.Errorf("metrics differ:\n%s\n\n%s", strings.Join(losses(t, cfg.Out), "\n"), strings.Join(losses(t, half.Out), "\n"))
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
			if !slices.Equal(losses(t, cfg.Out), losses(t, cut.Resume)) {
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

// TestMicroBatches: however a batch is cut, the loss and every gradient are those of the whole, also
// where targets are masked unevenly. The model is a real one, in float64.
func TestMicroBatches(t *testing.T) {
	sizes := goomRNN(17, 8, 1, 2, 4)
	batch := data.Batch{Size: 32, Len: 6}
	for i := range batch.Size * batch.Len {
		batch.Inputs = append(batch.Inputs, int32(i*7%17))
		target := int32(i * 5 % 17)
		if i/batch.Len%3 == 0 || i%4 == 0 {
			target = -1
		}
		batch.Targets = append(batch.Targets, target)
	}
	var whole []float64
	wholeLoss := 0.0
	for _, rows := range []int{32, 8, 1} {
		model, err := models.New[float64](sizes, 1)
		if err != nil {
			t.Fatal(err)
		}
		s := &session[float64]{cfg: Config{Loop: Loop{MicroBatch: rows}}, model: model}
		sum, err := s.accumulate(&batch)
		if err != nil {
			t.Fatal(err)
		}
		var grads []float64
		for _, p := range model.Params() {
			grads = append(grads, p.Grad...)
		}
		if rows == 32 {
			whole, wholeLoss = grads, sum.Loss
			continue
		}
		if math.Abs(sum.Loss-wholeLoss) > 1e-10*wholeLoss || sum.Tokens != counted(batch.Targets) {
			t.Errorf("%d rows at a time: loss %.15g of %d tokens, whole %.15g", rows, sum.Loss, sum.Tokens, wholeLoss)
		}
		for i := range whole {
			if math.Abs(grads[i]-whole[i]) > 1e-12 {
				t.Fatalf("%d rows at a time: gradient %d is %.15g, whole %.15g", rows, i, grads[i], whole[i])
			}
		}
	}
	clear(batch.Targets)
	for i := range batch.Targets {
		batch.Targets[i] = -1
	}
	s := &session[float64]{cfg: Config{Loop: Loop{MicroBatch: 32}}}
	if _, err := s.accumulate(&batch); err == nil {
		t.Error("a batch without targets is trained on")
	}
}

// TestNonfinite: a bad gradient stops the run before the update, by name, or is skipped up to a cap.
func TestNonfinite(t *testing.T) {
	poison := func(b *bigram[float32], from, to int) {
		b.onStep = func(calls int) {
			if calls >= from && calls <= to {
				b.bias.Grad[3] = float32(math.NaN())
			}
		}
	}
	dataset, cfg := corpus(t)
	model := newBigram[float32](256, 1)
	poison(model, 13, 13)
	_, _, err := runBigram(t, context.Background(), cfg, dataset, model)
	if err == nil || !strings.Contains(err.Error(), "step 13 is not finite") || !strings.Contains(err.Error(), "first bad gradient: bias") || !strings.Contains(err.Error(), "checkpoint of step 10 is good") {
		t.Fatalf("error %v", err)
	}
	for _, p := range model.Params() {
		for _, v := range p.Value {
			if math.IsNaN(float64(v)) {
				t.Fatalf("%s was updated with NaN", p.Name)
			}
		}
	}
	if _, err := checkpoints.Load(cfg.Out); err != nil {
		t.Errorf("the last good checkpoint: %v", err)
	}

	dataset, cfg = corpus(t)
	cfg.OnNonfinite, cfg.MaxNonfinite = "skip", 3
	model = newBigram[float32](256, 1)
	poison(model, 13, 15)
	_, console, err := runBigram(t, context.Background(), cfg, dataset, model)
	if err != nil || strings.Count(console, "skipped:") != 3 {
		t.Errorf("error %v, console\n%s", err, console)
	}
	records, err := metrics.ReadFile(filepath.Join(cfg.Out, "metrics.jsonl"))
	if err != nil || len(records) != 45 {
		t.Errorf("%d records, error %v", len(records), err)
	}

	dataset, cfg = corpus(t)
	cfg.OnNonfinite, cfg.MaxNonfinite = "skip", 3
	model = newBigram[float32](256, 1)
	poison(model, 13, 40)
	if _, _, err = runBigram(t, context.Background(), cfg, dataset, model); err == nil || !strings.Contains(err.Error(), "3 before it in a row") {
		t.Errorf("error %v", err)
	}
}

// TestOverfitBatch: every step sees the same batch, so a model of enough weights learns it by heart.
func TestOverfitBatch(t *testing.T) {
	dataset, cfg := corpus(t)
	cfg.OverfitBatch = true
	set(t, &cfg, "batch", "1", "seq", "16", "lr", "0.02", "weight-decay", "0", "steps", "150", "schedule-steps", "150")
	model, err := models.New[float32](goomRNN(256, 32, 1, 2, 8), 1)
	if err != nil {
		t.Fatal(err)
	}
	var console bytes.Buffer
	result, err := Run(context.Background(), cfg, model, dataset, &console)
	if err != nil || !(result.Loss < 0.05) {
		t.Errorf("loss %g of the batch after %d steps, error %v", result.Loss, result.Step, err)
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
	if lines := losses(t, first.Out); !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "20"+metrics.Valid) }) {
		t.Errorf("the last evaluation is gone: %q", lines)
	}
	second := cfg
	second.Resume, second.Out = first.Out, ""
	dataset, _ = openText(t, path)
	if _, _, err := runBigram(t, context.Background(), second, dataset, newBigram[float32](256, 1)); err != nil {
		t.Fatal(err)
	}
	if a, b := losses(t, cfg.Out), losses(t, first.Out); !slices.Equal(a, b) {
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

// TestStepsAllocateNothing: the steady state of a step that is not logged, of the loop alone and with
// a real model.
func TestStepsAllocateNothing(t *testing.T) {
	model, err := models.New[float32](goomRNN(256, 16, 2, 2, 8), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("bigram", func(t *testing.T) { stepsAllocateNothing(t, newBigram[float32](256, 1)) })
	t.Run("goom-rnn", func(t *testing.T) { stepsAllocateNothing(t, model) })
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
	if n := testing.AllocsPerRun(20, step); n > 0 {
		t.Errorf("%g allocations a step", n)
	}
	if err := s.close(nil); err != nil {
		t.Error(err)
	}
}

// TestEMAIsWhatIsEvaluated: the validation of a run with an average equals that of the averaged
// weights in its checkpoint.
func TestEMAIsWhatIsEvaluated(t *testing.T) {
	dataset, cfg := corpus(t)
	cfg.EMA = 0.8
	result, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1))
	if err != nil {
		t.Fatal(err)
	}
	model := newBigram[float32](256, 2)
	file, err := checkpoints.OpenTensors(filepath.Join(checkpoints.StepDir(result.Dir, result.BestStep), "optimizer.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range model.Params() {
		if err := file.ReadInto("ema."+p.Name, p.Value); err != nil {
			t.Fatal(err)
		}
	}
	score, err := Evaluate(context.Background(), model, dataset.Valid[0], &data.Batch{}, cfg.Batch, cfg.EvalBatches)
	if err != nil || score.Loss != result.BestLoss {
		t.Errorf("loss %.9g, the run said %.9g, error %v", score.Loss, result.BestLoss, err)
	}
}

func TestParameterTable(t *testing.T) {
	ps := []*params.Param[float32]{params.New[float32]("head", params.Embedding, 1000, 8), params.New[float32]("layers.0.w", params.Matrix, 8, 8),
		params.New[float32]("layers.0.b", params.Vector, 8), params.New[float32]("layers.1.w", params.Matrix, 8, 8), params.New[float32]("layers.1.b", params.Vector, 8), params.New[float32]("scale", params.Vector)}
	config, err := optim.NewConfig("muon")
	if err != nil {
		t.Fatal(err)
	}
	optimizer, err := optim.New(config, ps)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteParameters(&out, ps, optimizer.Rule); err != nil {
		t.Fatal(err)
	}
	want := `parameter        shape     count   group     rule
head             1000 x 8  8,000   decays    adamw
layers.{0..1}.w  8 x 8     2 x 64  decays    muon
layers.{0..1}.b  8         2 x 8   no decay  adamw
scale            1         1       no decay  adamw
total 8,145 parameters: 8,128 decay, 17 do not
`
	if out.String() != want {
		t.Errorf("table\n%s\nwant\n%s", out.String(), want)
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
	before := losses(t, cfg.Out)
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
	if after := losses(t, cfg.Out); !slices.Equal(before, after) {
		t.Error("the metrics were overwritten")
	}
	again.SaveEvery = 0 // then a run of any length may have none
	dataset, _ = openText(t, path)
	if _, console, err := runBigram(t, context.Background(), again, dataset, newBigram[float32](256, 1)); err != nil || !strings.Contains(console, "starts from the beginning") {
		t.Errorf("error %v\n%s", err, console)
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
