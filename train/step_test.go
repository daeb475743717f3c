package train

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/train/metrics"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

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
		sum, err := s.accumulate(&batch, counted(batch.Targets))
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
	if _, _, err := s.update(&batch, schedule.Rates{}); err == nil {
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
