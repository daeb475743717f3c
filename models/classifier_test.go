package models

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/executor"
	"goomtrain/internal/gradcheck"
	"goomtrain/layers"
	"goomtrain/params"
)

// smallClassifier is a classifier of 12 tokens in 5 classes with these sizes besides.
func smallClassifier(t testing.TB, namesAndValues ...string) Config {
	t.Helper()
	c := smallest(t, "classifier")
	set(t, c, "classes", "5", "pattern", "softmax,gated-delta", "d-mlp", "40")
	set(t, c, namesAndValues...)
	return c
}

// eachClassifier runs a test for every way to pool, with dropout and without.
func eachClassifier(t *testing.T, body func(t *testing.T, c Config)) {
	for _, pool := range []string{"last", "mean", "routing", "routing through 7,4"} {
		pool, vectors, _ := strings.Cut(pool, " through ")
		for _, dropout := range []string{"0", "0.25"} {
			t.Run(fmt.Sprint("classifier ", pool, vectors, ", dropout ", dropout), func(t *testing.T) {
				body(t, smallClassifier(t, "pool", pool, "routing", vectors, "dropout", dropout))
			})
		}
	}
}

// images is a batch of gray values with a class for each image but the second.
func images(size, pixels, classes int) (inputs, targets []int32) {
	inputs, targets = text(size, pixels, 256)
	for i := range targets {
		targets[i] = -1
		if b := i / pixels; i%pixels == pixels-1 && b != 1 {
			targets[i] = int32(256 + b%classes)
		}
	}
	return inputs, targets
}

// TestClassifierGradients: the gradients of all parameters are those of finite differences, with sequences of several
// lengths and with images in patches of two forms.
func TestClassifierGradients(t *testing.T) {
	for _, c := range []Config{
		smallClassifier(t, "pool", "last"), smallClassifier(t, "pool", "mean"),
		smallClassifier(t, "pool", "routing"), smallClassifier(t, "pool", "routing", "routing", "7,7", "routing-steps", "3"),
		smallClassifier(t, "vocab", "261", "patch", "2", "image-size", "4x6", "pool", "routing", "routing", "3"),
		smallClassifier(t, "vocab", "261", "patch", "2", "image-size", "4x6"),
		smallClassifier(t, "vocab", "261", "patch", "1x6", "image-size", "4x6", "pool", "last"),
	} {
		sizes := c.Sizes.(*Classifier)
		t.Run(sizes.Pool+sizes.Patch+sizes.Routing, func(t *testing.T) {
			const size, length = 3, 24
			m := build[float64](t, c)
			inputs, targets := batchOf(c, size, length)
			if sizes.Patch != "" {
				inputs, targets = images(size, length, sizes.Classes)
			}
			for _, p := range m.Params() {
				if p.Role == params.Embedding {
					for i := range p.Value {
						p.Value[i] *= 50 // differences of norms of small vectors are inaccurate
					}
				}
			}
			if _, err := m.Step(inputs, targets, size, length, 2); err != nil {
				t.Fatal(err)
			}
			loss := func() float64 {
				stats, err := m.Evaluate(inputs, targets, size, length)
				if err != nil {
					t.Fatal(err)
				}
				return stats.Loss / 2
			}
			for _, p := range m.Params() {
				gradcheck.Check(t, p.Name, loss, p.Value, p.Grad, gradcheck.Options{Elements: 6})
			}
		})
	}
}

// TestClassifierIgnoresPadding: what stands behind the end of a sequence, and the other sequences of its batch, change
// nothing, however sequences are pooled and whatever mixer reads them.
func TestClassifierIgnoresPadding(t *testing.T) {
	ignoresPadding := func(t *testing.T, c Config) {
		const size, length = 4, 12
		m := build[float64](t, c)
		inputs, targets := batchOf(c, size, length)
		want, err := m.Evaluate(inputs, targets, size, length)
		if err != nil {
			t.Fatal(err)
		}
		sum := Stats{}
		for b := range size {
			in, out := inputs[b*length:(b+1)*length], targets[b*length:(b+1)*length]
			end := 0
			for i, target := range out {
				if target >= 0 {
					end = i
				}
			}
			if b == 1 {
				continue // has no class
			}
			for i := end + 1; i < length; i++ {
				in[i] = 11 - in[i]
			}
			s, err := m.Evaluate(in[:end+1], out[:end+1], 1, end+1)
			if err != nil {
				t.Fatal(err)
			}
			sum.Add(s)
		}
		if again, err := m.Evaluate(inputs, targets, size, length); err != nil || math.Abs(again.Loss-want.Loss) > 1e-13 || again.Correct != want.Correct {
			t.Errorf("with other padding %+v, want %+v, error %v", again, want, err)
		}
		if math.Abs(sum.Loss-want.Loss) > 1e-10 || sum.Tokens != 3 || sum.Correct != want.Correct {
			t.Errorf("one by one %+v, together %+v", sum, want)
		}
	}
	eachClassifier(t, ignoresPadding)
	for _, mixer := range Mixers() {
		t.Run(mixer, func(t *testing.T) { ignoresPadding(t, smallClassifier(t, "pattern", mixer)) })
	}
}

// TestClassifierPredicts: the predictions are those that Stats counts as correct, as tokens of classes; a model of the
// next token predicts too.
func TestClassifierPredicts(t *testing.T) {
	for _, c := range []Config{smallClassifier(t), smallest(t, "goom-rnn")} {
		t.Run(c.Model, func(t *testing.T) {
			const size, length = 40, 10
			m := build[float32](t, c)
			inputs, targets := batchOf(c, size, length)
			stats, err := m.Evaluate(inputs, targets, size, length)
			if err != nil {
				t.Fatal(err)
			}
			predicted := m.Predicted([]int32{-7})
			if len(predicted) != 1+stats.Tokens || predicted[0] != -7 {
				t.Fatalf("%d predictions for %d targets", len(predicted)-1, stats.Tokens)
			}
			correct, n := 0, 1
			for _, target := range targets {
				if target < 0 {
					continue
				}
				if predicted[n] == target {
					correct++
				}
				n++
			}
			if correct != stats.Correct || correct == 0 {
				t.Errorf("%d predictions are correct, Stats has %d", correct, stats.Correct)
			}
		})
	}
}

// TestClassifierLearns: some steps of gradient descent lower the loss.
func TestClassifierLearns(t *testing.T) {
	for _, pool := range []string{"last", "mean"} {
		c := smallClassifier(t, "vocab", "261", "patch", "4x2", "image-size", "4x6", "pool", pool)
		m := build[float32](t, c)
		inputs, targets := images(6, 24, 5)
		var first, last float64
		for step := range 60 {
			for _, p := range m.Params() {
				clear(p.Grad)
			}
			s, err := m.Step(inputs, targets, 6, 24, 5)
			if err != nil {
				t.Fatal(err)
			}
			if last = s.Loss; step == 0 {
				first = s.Loss
			}
			for _, p := range m.Params() {
				for i, g := range p.Grad {
					p.Value[i] -= 0.1 * g
				}
			}
		}
		if !(last < first/4) {
			t.Errorf("%s: the loss goes from %v to %v", pool, first, last)
		}
	}
}

// TestPools: the mean is that of the positions up to the end, and the last is that at the end.
func TestPools(t *testing.T) {
	for pool, want := range map[string][]float64{"last": {3, 4, 11, 12}, "mean": {2, 3, 9, 10}} {
		set := params.NewSet[float64](1)
		head := newClassHead(set, Classifier{Hybrid: newHybridSizes(2, 1, 1, 1, "delta"), Pool: pool, Classes: 2}, -1).(*linearHead[float64])
		copy(head.score.Weight.Value, []float64{1, 0, 0, 1})
		clear(head.score.Bias.Value)
		g := layers.NewGraph[float64](2, 3)
		g.Ends = g.Input("ends", []int32{1, 2}, 2)
		scores, _ := head.scores(g, g.Input("hidden", []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 3, 2))
		exec, err := executor.New(g.ExprGraph, scores)
		if err != nil {
			t.Fatal(err)
		}
		if err := exec.RunAll(); err != nil {
			t.Fatal(err)
		}
		v, err := exec.Value(scores)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Data().([]float64); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", pool, got, want)
		}
	}
}

// TestClassifierTable: the table of token vectors has none for the classes.
func TestClassifierTable(t *testing.T) {
	c := smallClassifier(t)
	sizes := c.Sizes.(*Classifier)
	if shape := build[float32](t, c).Params()[0].Shape; !slices.Equal(shape, []int{sizes.Vocab - sizes.Classes, sizes.DEmb}) || sizes.Classes < 2 {
		t.Errorf("a table of shape %v for %d tokens and classes, %d of them classes", shape, sizes.Vocab, sizes.Classes)
	}
}

// TestClassifierRoutingSteps: more iterations of the routings give other scores.
func TestClassifierRoutingSteps(t *testing.T) {
	losses := map[float64]bool{}
	for _, steps := range []string{"0", "1", "2", "3"} {
		c := smallClassifier(t, "pool", "routing", "routing", "3", "routing-steps", steps)
		inputs, targets := batchOf(c, 2, 9)
		stats, err := build[float64](t, c).Evaluate(inputs, targets, 2, 9)
		if err != nil {
			t.Fatal(err)
		}
		losses[stats.Loss] = true
	}
	if len(losses) != 3 { // 0 is 2
		t.Errorf("losses %v", losses)
	}
}

func TestClassifierBadBatches(t *testing.T) {
	words, pictures := build[float32](t, smallClassifier(t)), build[float32](t, smallClassifier(t, "vocab", "261", "patch", "2", "image-size", "2x2"))
	for _, c := range []struct {
		m               *Model[float32]
		inputs, targets []int32
		want            string
	}{
		{words, []int32{12, 1}, []int32{-1, 12}, "token 12 at position 0 of sequence 0, but the tokens before the classes are 0 to 11"},
		{words, []int32{-1, 1}, []int32{-1, 12}, "token -1"},
		{words, []int32{1, 1}, []int32{-1, 11}, "target 11 at position 1 of sequence 0, want a class, 12 to 16"},
		{words, []int32{1, 1}, []int32{-1, 17}, "target 17"},
		{words, []int32{1, 1}, []int32{-2, 12}, "target -2"},
		{words, []int32{1, 1}, []int32{12, 12}, "several targets"},
		{pictures, []int32{1, 1}, []int32{-1, 256}, "images of 4 pixels"},
	} {
		if _, err := c.m.Evaluate(c.inputs, c.targets, 1, 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %v: error %v, want one with %q", c.inputs, c.targets, err, c.want)
		}
	}
	if _, err := words.NewStream(); err == nil || !strings.Contains(err.Error(), "no next token") {
		t.Errorf("a stream of a classifier: %v", err)
	}
}

func TestClassifierSettings(t *testing.T) {
	for _, c := range []struct {
		sizes string // names and values
		fit   []int  // classes, rows, columns
		want  string // part of the error; "": none
	}{
		{"", []int{5, 0, 0}, ""},
		{"", []int{0, 0, 0}, "the number of classes is not known"},
		{"", []int{1, 0, 0}, "the data has one class"},
		{"classes 3", []int{0, 0, 0}, ""},
		{"classes 3", []int{5, 0, 0}, "-classes 3: the data has 5"},
		{"patch 4", []int{5, 28, 28}, ""},
		{"patch 1x28", []int{5, 28, 28}, ""},
		{"patch 3", []int{5, 28, 28}, "do not cover images of 28 x 28"},
		{"patch 4x3", []int{5, 28, 28}, "do not cover"},
		{"patch 4", []int{5, 0, 0}, "are not images"},
		{"patch 4 image-size 8x8", []int{5, 28, 28}, "-image-size 8x8: the images have 28x28"},
		{"image-size 8x8", []int{5, 8, 8}, "only images that are read in patches"},
		{"patch x", []int{5, 8, 8}, `-patch "x"`},
		{"patch 2x2x2", []int{5, 8, 8}, "-patch"},
		{"patch 0", []int{5, 8, 8}, "-patch"},
		{"patch 1x65537", []int{5, 8, 8}, `-patch "1x65537": must be ROWSxCOLUMNS, as in 1x28, or a number for both, each 1 to 65536`},
		{"patch 65537x1", []int{5, 8, 8}, `-patch "65537x1": must be`},
		{"patch 1x65536", []int{5, 1, 65536}, ""},
		{"patch 2 pattern goom-table", []int{5, 8, 8}, "a patch is no token"},
		{"patch 4 embedding-std 0.1", []int{5, 28, 28}, "-embedding-std 0.1: with -patch there are no token vectors"},
		{"pool routing patch 4", []int{5, 28, 28}, ""},
		{"routing 3", []int{5, 0, 0}, "are of -pool routing, but -pool is mean"},
		{"pool routing routing 3,3", []int{5, 0, 0}, ""},
		{"routing-steps 3", []int{5, 0, 0}, "are of -pool routing, but -pool is mean"},
		{"pool routing routing 3,x", []int{5, 0, 0}, `-routing "3,x"`},
		{"pool routing routing 0", []int{5, 0, 0}, `-routing "0"`},
		{"classes 17", []int{17, 0, 0}, "-vocab 17: must be more than -classes 17"},
	} {
		config := smallest(t, "classifier")
		if c.sizes != "" {
			set(t, config, strings.Fields(c.sizes)...)
		}
		err := config.Validate()
		if err == nil {
			err = config.FitClasses(c.fit[0], c.fit[1], c.fit[2])
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q with %v: error %v, want %q", c.sizes, c.fit, err, c.want)
		}
	}
	if err := smallest(t, "classifier").Fit(16, 9); err == nil || !strings.Contains(err.Error(), "-vocab 17: the data has 16 tokens") {
		t.Errorf("a larger vocabulary: %v", err)
	}
	if hybrid := smallest(t, "hybrid"); hybrid.Classifies() || hybrid.FitClasses(5, 0, 0) == nil {
		t.Error("hybrid classifies")
	}
	if _, err := New[float32](smallest(t, "classifier"), 1); err == nil || !strings.Contains(err.Error(), "FitClasses") {
		t.Errorf("a classifier without classes: %v", err)
	}
}

// TestFromNetworkPanics: a network that only has hidden states is no model.
func TestFromNetworkPanics(t *testing.T) {
	m := build[float32](t, smallest(t, "hybrid"))
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "Predicting or Classifying") {
			t.Errorf("recovered %v", r)
		}
	}()
	FromNetwork(params.NewSet[float32](1), Network[float32](struct{ Network[float32] }{m.net}))
}
