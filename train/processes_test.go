package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"goomtrain/data"
	"goomtrain/internal/comm/commtest"
	"goomtrain/models"
	"goomtrain/params"
)

// jobOf configures processes that are goroutines, for the task copy unless sel has another, and runs a function on each. It returns their errors by rank.
func jobOf(t *testing.T, n int, sel Selection, pairs []string, f func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error) []error {
	t.Helper()
	sel.Task = cmp.Or(sel.Task, "copy")
	groups := commtest.Local(t, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for r, group := range groups {
		cfg, err := New(sel)
		if err != nil {
			t.Fatal(err)
		}
		set(t, &cfg, pairs...)
		cfg.job = group
		dataset, err := data.Open(cfg.Data, cfg.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if err := fit(cfg.Model, dataset, dataset.Vocab); err != nil {
			t.Fatal(err)
		}
		model, err := models.New[float32](cfg.Model, cfg.Seed)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if errs[r] = f(cfg, model, dataset); errs[r] != nil {
				group.Fail(errs[r])
			}
		})
	}
	all.Wait()
	return errs
}

// steps makes some steps without a run folder.
func steps(cfg Config, model *models.Model[float32], dataset *data.Dataset, n int) (losses, norms []float64, err error) {
	if err := cfg.join(); err != nil {
		return nil, nil, err
	}
	cfg.resolve()
	cfg.DryRun = true
	s, err := open(cfg, model, dataset, io.Discard)
	if err != nil {
		return nil, nil, err
	}
	s.agreed(context.Background())
	for range n {
		r, err := s.makeStep()
		if err != nil {
			return nil, nil, err
		}
		losses, norms = append(losses, r.loss), append(norms, r.norm)
		each, err := s.gradNorms()
		if err != nil {
			return nil, nil, err
		}
		for _, name := range s.layers.names {
			norms = append(norms, each[name])
		}
	}
	return losses, norms, nil
}

// TestProcessesGiveTheSameBits: any number of processes makes the same steps as one with the same micro-batches: losses,
// norms of the gradients by layer, and weights.
func TestProcessesGiveTheSameBits(t *testing.T) {
	for name, c := range map[string]struct {
		sel   Selection
		pairs []string
	}{
		"adamw":      {Selection{Model: "goom-rnn", Preset: "nano"}, nil},
		"muon":       {Selection{Model: "goom-rnn", Preset: "nano", Optimizer: "muon"}, []string{"dropout", "0.1"}},
		"lion":       {Selection{Model: "softmax-attention", Preset: "nano", Optimizer: "lion"}, []string{"ema", "0.9", "recompute", "true"}},
		"frozen":     {Selection{Model: "gated-delta-net", Preset: "nano"}, []string{"freeze", "*embed*"}},
		"not finite": {Selection{Model: "lstm", Preset: "nano"}, []string{"lr", "1e30", "clip", "0", "on-nonfinite", "skip"}},
	} {
		t.Run(name, func(t *testing.T) {
			jobs := []int{1, 2, 3, 4}
			if testing.Short() {
				if jobs = []int{1, 3}; name != "adamw" {
					t.Skip("long")
				}
			}
			pairs := append([]string{"seq", "24", "batch", "12", "micro-batch", "1", "warmup", "0", "steps", "100"}, c.pairs...)
			type outcome struct {
				weights       []float32
				losses, norms []float64
			}
			var want outcome
			for _, n := range jobs {
				got := make([]outcome, n)
				for r, err := range jobOf(t, n, c.sel, pairs, func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
					o := &got[cfg.job.Rank()]
					var err error
					o.losses, o.norms, err = steps(cfg, model, dataset, 3)
					for _, p := range model.Params() {
						o.weights = append(o.weights, p.Value...)
					}
					return err
				}) {
					if err != nil {
						t.Fatalf("%d processes, rank %d: %v", n, r, err)
					}
				}
				if n == 1 {
					want = got[0]
					if bad := slices.ContainsFunc(want.norms, func(x float64) bool { return !finite(x) }); bad != (name == "not finite") {
						t.Fatalf("norms %v", want.norms)
					}
				}
				same := func(a, b []float64) bool {
					return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
				}
				for r := range got {
					if !slices.Equal(got[r].weights, want.weights) || !same(got[r].losses, want.losses) || !same(got[r].norms, want.norms) {
						t.Errorf("%d processes, rank %d: losses %v, norms %v\nalone %v, %v", n, r, got[r].losses, got[r].norms, want.losses, want.norms)
					}
				}
			}
		})
	}
}

// TestCutSequences: processes that share the positions of a sequence make the steps of one process, to rounding, and those
// that share micro-batches besides too.
func TestCutSequences(t *testing.T) {
	pairs := []string{"seq", "24", "batch", "4", "micro-batch", "1", "warmup", "0", "steps", "100"}
	var want []float64
	jobs := []struct{ processes, sequence int }{{1, 1}, {2, 2}, {3, 3}, {4, 2}, {4, 4}}
	if testing.Short() {
		jobs = jobs[:2]
	}
	for _, c := range jobs {
		got := make([][]float64, c.processes)
		for r, err := range jobOf(t, c.processes, Selection{Model: "goom-rnn", Preset: "nano"}, append(pairs, "sequence-parallel", fmt.Sprint(c.sequence)), func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
			losses, norms, err := steps(cfg, model, dataset, 3)
			got[cfg.job.Rank()] = append(losses, norms...)
			return err
		}) {
			if err != nil {
				t.Fatalf("%d processes, rank %d: %v", c.processes, r, err)
			}
		}
		if c.processes == 1 {
			want = got[0]
		}
		for r := range got {
			for i, x := range got[r] {
				if len(got[r]) != len(want) || !(math.Abs(x-want[i]) <= 2e-5*math.Abs(want[i])+1e-7) {
					t.Fatalf("%d processes, %d for a sequence, rank %d: losses and norms %v\nalone %v", c.processes, c.sequence, r, got[r], want)
				}
			}
		}
	}
}

// TestProcessesEvaluate: an evaluation whose batches several processes score has the result of one process, also the table of
// classes, and where processes have more than they can share evenly.
func TestProcessesEvaluate(t *testing.T) {
	for name, c := range map[string]struct {
		model, task string
		pairs       []string
	}{
		"copy":     {"goom-rnn", "copy", nil},
		"classify": {"classifier", "classify", []string{"data", ClassFolder(t), "seq", "16"}},
	} {
		var want Score
		for _, n := range []int{1, 2, 3} {
			got := make([]Score, n)
			for r, err := range jobOf(t, n, Selection{Model: c.model, Preset: "nano", Task: c.task}, append([]string{"batch", "6", "micro-batch", "2"}, c.pairs...), func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
				if err := cfg.join(); err != nil {
					return err
				}
				cfg.resolve()
				cfg.DryRun = true
				s, err := open(cfg, model, dataset, io.Discard)
				if err != nil {
					return err
				}
				got[cfg.job.Rank()], err = s.score(context.Background(), dataset.Valid[0], 2, 5)
				return err
			}) {
				if err != nil {
					t.Fatalf("%s, %d processes, rank %d: %v", name, n, r, err)
				}
			}
			if n == 1 {
				want = got[0]
			}
			for r := range got {
				if fmt.Sprint(got[r]) != fmt.Sprint(want) { // with all digits; NaN equals NaN
					t.Errorf("%s, %d processes, rank %d: %v, want %v", name, n, r, got[r], want)
				}
			}
		}
	}
}

// TestUncutSequences: lengths that do not divide evenly are refused.
func TestUncutSequences(t *testing.T) {
	for r, err := range jobOf(t, 2, Selection{Model: "goom-rnn", Preset: "nano"}, []string{"seq", "25", "sequence-parallel", "2"}, func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
		_, _, err := steps(cfg, model, dataset, 1)
		return err
	}) {
		if want := "sequences of 25 positions cannot be cut into 2 equal parts (-sequence-parallel): give multiples of it in -seq and -eval-lengths"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("rank %d: %v, want %s", r, err, want)
		}
	}
}

// TestOptimizerIsDivided: the processes together have the optimizer's state once, in parts of nearly equal size.
func TestOptimizerIsDivided(t *testing.T) {
	const n = 3
	sizes := make([]int, n)
	total := 0
	for _, err := range jobOf(t, n, Selection{Model: "goom-rnn", Preset: "small"}, []string{"batch", "6"}, func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
		cfg.DryRun = true
		if err := cfg.join(); err != nil {
			return err
		}
		cfg.resolve()
		s, err := open(cfg, model, dataset, io.Discard)
		if err != nil {
			return err
		}
		if cfg.job.Rank() == 0 {
			total = params.Count(model.Params())
		}
		for _, a := range s.optimizer.State() {
			if strings.HasPrefix(a.Name, "exp_avg.") {
				sizes[cfg.job.Rank()] += params.Size(a.Shape)
			}
		}
		return nil
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if sum := sizes[0] + sizes[1] + sizes[2]; sum != total || slices.Max(sizes)-slices.Min(sizes) > 2*16384 {
		t.Errorf("parts of %d elements of %d", sizes, total)
	}
}

// TestDifferentProcesses: a process that differs from rank 0 is named, with what differs.
func TestDifferentProcesses(t *testing.T) {
	for want, change := range map[string]func(cfg *Config, dataset *data.Dataset){
		"rank 1 has another configuration than rank 0: -seed is 5, on rank 0 1":  func(cfg *Config, _ *data.Dataset) { cfg.Seed = 5 },
		`rank 1 was started with other flags than rank 0: -sequence-parallel 2,`: func(cfg *Config, _ *data.Dataset) { cfg.SequenceParallel = 2 },
		`-resume "runs/b", -dry-run=true, rank 0 with -sequence-parallel 1, -re`: func(cfg *Config, _ *data.Dataset) { cfg.Resume = "runs/b" },
		"rank 1 has other data than rank 0 (fingerprint abc, rank 0 ":            func(_ *Config, d *data.Dataset) { d.Fingerprint = "abc" },
	} {
		for r, err := range jobOf(t, 2, Selection{Model: "goom-rnn", Preset: "nano"}, []string{"batch", "6", "micro-batch", "1"}, func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
			if cfg.job.Rank() == 1 {
				change(&cfg, dataset)
			}
			_, _, err := steps(cfg, model, dataset, 1)
			return err
		}) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("rank %d: %v, want %s", r, err, want)
			}
		}
	}
}

// TestJobSettings: settings that do not fit the number of processes are refused.
func TestJobSettings(t *testing.T) {
	for want, pairs := range map[string][]string{
		"-batch 7 does not divide evenly among 2 processes":                {"batch", "7"},
		"-batch 8 has 1 micro-batches of -micro-batch 8, fewer than the 2": {"batch", "8", "micro-batch", "8"},
		"-sequence-parallel 3 does not divide the 2 processes":             {"sequence-parallel", "3"},
		"-device gpu: a job of several processes trains on CPUs":           {"device", "gpu"},
	} {
		for r, err := range jobOf(t, 2, Selection{Model: "goom-rnn", Preset: "nano"}, pairs, func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
			return cfg.join()
		}) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("rank %d: %v, want %s", r, err, want)
			}
		}
	}
}

// TestFailedStepEndsTheJob: an error of one process ends the steps of all, with its rank.
func TestFailedStepEndsTheJob(t *testing.T) {
	for r, err := range jobOf(t, 3, Selection{Model: "goom-rnn", Preset: "nano"}, []string{"batch", "6"}, func(cfg Config, model *models.Model[float32], dataset *data.Dataset) error {
		if cfg.job.Rank() == 2 {
			model.Params()[0].Value[0] = 1 // no error by itself
			if _, _, err := steps(cfg, model, dataset, 2); err != nil {
				return err
			}
			return errors.New("the disk is on fire")
		}
		_, _, err := steps(cfg, model, dataset, 100)
		return err
	}) {
		if want := "the disk is on fire"; err == nil || !strings.Contains(err.Error(), want) || r != 2 && !strings.Contains(err.Error(), "rank 2: ") {
			t.Errorf("rank %d: %v, want %s", r, err, want)
		}
	}
}

// TestSumTree: nodes of any span are those of the whole tree, and merge to its root.
func TestSumTree(t *testing.T) {
	for n := 1; n <= 20; n++ {
		for cuts := 1; cuts <= n; cuts++ {
			var all []span
			for c := range cuts {
				all = append(all, nodes(span{c * n / cuts, (c + 1) * n / cuts}, n)...)
			}
			var text []string // the tree as brackets
			var stack []span
			for _, node := range all {
				stack, text = append(stack, node), append(text, tree(node))
				for top := len(stack) - 1; top > 0 && siblings(stack[top-1], stack[top], n); top-- {
					stack[top-1].hi = stack[top].hi
					text[top-1] = "(" + text[top-1] + text[top] + ")"
					stack, text = stack[:top], text[:top]
				}
			}
			if len(stack) != 1 || text[0] != tree(span{0, n}) {
				t.Errorf("%d leaves in %d parts: %v, want %s", n, cuts, text, tree(span{0, n}))
			}
		}
	}
}

// tree writes the node of a tree as brackets, by the definition.
func tree(s span) string {
	if s.hi-s.lo == 1 {
		return fmt.Sprint(s.lo, " ")
	}
	middle := s.lo + firstPart(s.hi-s.lo)
	return "(" + tree(span{s.lo, middle}) + tree(span{middle, s.hi}) + ")"
}
