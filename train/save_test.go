package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/models"
)

// watched is a bigram whose losses can be replaced, and whose evaluations are counted.
type watched struct {
	*bigram[float32]
	evaluations int
	stepLoss    func(step int, loss float64) (float64, error)
	validLoss   func(evaluation int, loss float64) float64
}

func (w *watched) Step(inputs, targets []int32, size, length int, denominator float64) (models.Stats, error) {
	s, err := w.bigram.Step(inputs, targets, size, length, denominator)
	if err == nil && w.stepLoss != nil {
		s.Loss, err = w.stepLoss(w.calls, s.Loss)
	}
	return s, err
}

func (w *watched) Evaluate(inputs, targets []int32, size, length int) (models.Stats, error) {
	s, err := w.bigram.Evaluate(inputs, targets, size, length)
	w.evaluations++
	if w.validLoss != nil {
		s.Loss = w.validLoss(w.evaluations, s.Loss)
	}
	return s, err
}

// savedSteps are the steps of the checkpoints of a run, in the order of saving.
func savedSteps(t *testing.T, dir string) (steps []int64) {
	t.Helper()
	entries, err := checkpoints.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		steps = append(steps, e.Step)
	}
	return steps
}

// TestSavesAreProved: whether a checkpoint is good is found out without forward passes for that alone, except at the
// end of a run and where averages are evaluated.
func TestSavesAreProved(t *testing.T) {
	for _, c := range []struct {
		set  []string
		want int // evaluated batches besides the trial of two and the evaluations of two
	}{
		{[]string{"save-every", "5", "eval-every", "8"}, 0}, // at the end an evaluation follows
		{[]string{"save-every", "5", "eval-every", "5"}, 0},
		{[]string{"save-every", "5", "eval-every", "7", "steps", "35"}, 0},
		{[]string{"save-every", "5", "eval-every", "40", "ema", "0.5"}, 1}, // of step 40
		{[]string{"save-every", "5", "eval-every", "5", "ema", "0.5"}, 8},
	} {
		dataset, cfg := corpus(t)
		set(t, &cfg, c.set...)
		cfg.Keep = 100
		model := &watched{bigram: newBigram[float32](256, 1)}
		if _, err := Run(context.Background(), cfg, model, dataset, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		evaluations := (cfg.Steps + cfg.EvalEvery - 1) / cfg.EvalEvery
		if got := model.evaluations - 2 - 2*evaluations; got != c.want {
			t.Errorf("%v: %d forward passes for the health of checkpoints, want %d", c.set, got, c.want)
		}
		for step := int64(5); step <= int64(cfg.Steps); step += 5 {
			if !slices.Contains(savedSteps(t, cfg.Out), step) {
				t.Errorf("%v: step %d is not saved", c.set, step)
			}
		}
	}
}

// TestUnprovedIsNotNamed: until a forward pass has shown that a checkpoint is good, it has no name.
func TestUnprovedIsNotNamed(t *testing.T) {
	dataset, cfg := corpus(t)
	set(t, &cfg, "eval-every", "0", "steps", "12")
	model := newBigram[float32](256, 1)
	model.onStep = func(call int) {
		if saved := savedSteps(t, cfg.Out); call == 6 && len(saved) > 0 || call == 11 && !slices.Equal(saved, []int64{5}) {
			t.Errorf("before step %d: saved %v", call, saved)
		}
	}
	if _, _, err := runBigram(t, context.Background(), cfg, dataset, model); err != nil || !slices.Equal(savedSteps(t, cfg.Out), []int64{5, 10, 12}) {
		t.Errorf("saved %v, error %v", savedSteps(t, cfg.Out), err)
	}
}

// TestLastProposalIsDecided: whatever ends the step after a save, the checkpoint is kept, for its weights are good.
func TestLastProposalIsDecided(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		loss func(float64) (float64, error)
		want string
	}{
		"special batch": {func(float64) (float64, error) { return math.NaN(), nil }, "step 11 is not finite (loss NaN, gradient norm"},
		"error":         {func(float64) (float64, error) { return 0, broken }, "step 11: broken"},
		"panic":         {func(float64) (float64, error) { panic("broken") }, "step 11: internal error: broken"},
	} {
		dataset, cfg := corpus(t)
		set(t, &cfg, "eval-every", "0")
		model := &watched{bigram: newBigram[float32](256, 1)}
		model.stepLoss = func(step int, loss float64) (float64, error) {
			if step == 11 {
				return c.loss(loss)
			}
			return loss, nil
		}
		_, err := Run(context.Background(), cfg, model, dataset, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !slices.Equal(savedSteps(t, cfg.Out), []int64{5, 10}) {
			t.Errorf("%s: saved %v, error %v", name, savedSteps(t, cfg.Out), err)
		}
		if name == "special batch" && !strings.Contains(err.Error(), "the checkpoint of step 10 is good") {
			t.Errorf("%s: error %v", name, err)
		}
		if _, err := checkpoints.Load(cfg.Out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnhealthyIsDropped: a checkpoint from which nothing finite follows, or with a weight that is not finite and that
// no loss has seen yet, is not kept. The run stops, or goes on with a warning.
func TestUnhealthyIsDropped(t *testing.T) {
	nan := func(int, float64) float64 { return math.NaN() }
	for _, c := range []struct {
		name, mode string
		change     func(w *watched, call int)
		every      string // steps between evaluations
		want       string
		calls      int // steps begun
		saved      []int64
	}{
		{"hidden weight", "stop", func(w *watched, call int) {
			if call == 9 {
				w.table.Value[255*256] = float32(math.Inf(1)) // of a byte that the text lacks
			}
		}, "0", "not saved: after step 10 the weights in table are not finite; the checkpoint of step 5 is good; try a lower -lr", 11, []int64{5}},
		{"hidden weight that an evaluation finds", "stop", func(w *watched, call int) {
			if call == 9 {
				w.table.Value[255*256] = float32(math.NaN())
			}
		}, "10", "not saved: after step 10 the weights in table are not finite; the checkpoint of step 5 is good; try a lower -lr", 10, []int64{5}},
		{"loss", "stop", func(w *watched, call int) {
			if call == 11 {
				w.validLoss = nan
				w.stepLoss = func(step int, loss float64) (float64, error) { return math.NaN(), nil }
			}
		}, "0", "not saved: after step 10 the validation loss is NaN; the checkpoint of step 5 is good; try a lower -lr", 11, []int64{5}},
		{"loss of the evaluation", "stop", func(w *watched, call int) {
			if call == 10 {
				w.validLoss = nan
			}
		}, "10", "not saved: after step 10 the validation loss is NaN; the checkpoint of step 5 is good; try a lower -lr", 10, []int64{5}},
		{"loss for a while", "skip", func(w *watched, call int) {
			w.validLoss, w.stepLoss = nil, nil
			if call == 11 {
				w.validLoss = nan
				w.stepLoss = func(step int, loss float64) (float64, error) { return math.NaN(), nil }
			}
		}, "0", "", 20, []int64{5, 15, 20}},
	} {
		dataset, cfg := corpus(t)
		set(t, &cfg, "eval-every", c.every, "steps", "20", "on-nonfinite", c.mode)
		model := &watched{bigram: newBigram[float32](256, 1)}
		model.onStep = func(call int) { c.change(model, call) }
		var console bytes.Buffer
		_, err := Run(context.Background(), cfg, model, dataset, &console)
		text := console.String()
		if err != nil {
			text = err.Error()
		}
		if c.mode == "stop" && text != c.want || c.mode == "skip" && (err != nil || strings.Count(text, "warning: not saved: after step 10 the validation loss is NaN; the checkpoint of step 5 is good") != 1) {
			t.Errorf("%s: %s", c.name, text)
		}
		if saved := savedSteps(t, cfg.Out); !slices.Equal(saved, c.saved) || model.calls != c.calls {
			t.Errorf("%s: saved %v in %d steps, want %v in %d", c.name, saved, model.calls, c.saved, c.calls)
		}
	}
}

// TestAveragesOfACheckpoint: weights and averages of a checkpoint are those of its step, though an evaluation swaps them
// while it is being written.
func TestAveragesOfACheckpoint(t *testing.T) {
	var runs []string
	for _, every := range []string{"0", "5"} {
		dataset, cfg := corpus(t)
		set(t, &cfg, "eval-every", every, "ema", "0.9")
		cfg.Keep = 100
		if _, _, err := runBigram(t, context.Background(), cfg, dataset, newBigram[float32](256, 1)); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, cfg.Out)
	}
	for step := int64(5); step <= 40; step += 5 {
		sameCheckpoint(t, runs[0], runs[1], step)
	}
}
