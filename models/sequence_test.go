package models

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/comm"
	"goomtrain/internal/comm/commtest"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// inParts runs f for each of the processes of a group, goroutines with a model and a part of a batch each, at the same time.
func inParts[F params.Float](t *testing.T, c Config, inputs, targets []int32, size, length, parts int,
	f func(m *Model[F], inputs, targets []int32, length int) (Stats, error)) (models []*Model[F], total Stats) {
	t.Helper()
	stats, errs, n := make([]Stats, parts), make([]error, parts), length/parts
	var runs sync.WaitGroup
	for r, g := range commtest.Local(t, parts) {
		m := build[F](t, c)
		if err := m.SetSequence(g); err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
		part := func(x []int32) (p []int32) {
			for b := range size {
				p = append(p, x[b*length+r*n:b*length+(r+1)*n]...)
			}
			return p
		}
		runs.Go(func() {
			for range 2 { // a second step finds used buffers
				for _, p := range m.Params() {
					clear(p.Grad)
				}
				m.Draw(3, 5)
				if stats[r], errs[r] = f(m, part(inputs), part(targets), n); errs[r] != nil {
					return
				}
			}
		})
	}
	runs.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		total.Add(s)
	}
	return models, total
}

// TestSequenceParallel: processes with parts of sequences have together the loss, the counts and the gradients of one.
func TestSequenceParallel(t *testing.T) {
	eachPredicting(t, func(t *testing.T, c Config) {
		for _, recompute := range []bool{false, true} {
			for _, of := range [][2]int{{1, 9}, {2, 1}, {3, 2}, {4, 5}} {
				sequenceParallel(t, c, 2, of[0], of[1], recompute)
			}
		}
	})
	for _, mixer := range layers.MixerNames() {
		t.Run("mixer "+mixer, func(t *testing.T) {
			c := smallest(t, "hybrid")
			set(t, c, "pattern", mixer)
			for _, of := range [][2]int{{2, 1}, {3, 2}, {4, 5}} {
				sequenceParallel(t, c, 2, of[0], of[1], false)
			}
		})
	}
}

func sequenceParallel(t *testing.T, c Config, size, parts, length int, recompute bool) {
	t.Helper()
	length *= parts
	inputs, targets := text(size, length, c.Common().Vocab)
	step := func(m *Model[float64], inputs, targets []int32, length int) (Stats, error) {
		m.SetRecompute(recompute)
		return m.Step(inputs, targets, size, length, 7)
	}
	one := build[float64](t, c)
	one.Draw(3, 5)
	want, err := step(one, inputs, targets, length)
	if err != nil {
		t.Fatal(err)
	}
	models, got := inParts(t, c, inputs, targets, size, length, parts, step)
	if math.Abs(got.Loss-want.Loss) > 1e-11*want.Loss {
		t.Errorf("%d parts of %d: loss %v, want %v", parts, length/parts, got.Loss, want.Loss)
	}
	if got.Loss = want.Loss; got != want {
		t.Errorf("%d parts of %d: %+v, want %+v", parts, length/parts, got, want)
	}
	for i, p := range one.Params() {
		largest := 0.0
		for _, g := range p.Grad {
			largest = max(largest, math.Abs(g))
		}
		for j, g := range p.Grad {
			sum := 0.0
			for _, m := range models {
				sum += m.Params()[i].Grad[j]
			}
			if d := math.Abs(sum - g); !(d <= 1e-10*largest) {
				t.Fatalf("%d parts of %d: gradient of %s at %d is %v, want %v", parts, length/parts, p.Name, j, sum, g)
			}
		}
	}
}

// TestSequenceCounts: a sequence counts once, and is correct if all its parts are.
func TestSequenceCounts(t *testing.T) {
	const size, length, parts = 5, 6, 3
	c := smallest(t, "goom-rnn")
	inputs, targets := text(size, length, c.Common().Vocab)
	one := build[float64](t, c)
	if _, err := one.Evaluate(inputs, targets, size, length); err != nil {
		t.Fatal(err)
	}
	predicted := one.Predicted(nil)
	for i := range targets {
		if targets[i] < 0 {
			continue
		}
		targets[i], predicted = predicted[0], predicted[1:]
		switch b, at := i/length, i%length; {
		case b == 1 && at == 0, b == 2 && at == length-1: // an error in the first part, and in the last
			targets[i] = (targets[i] + 1) % 17
		case b == 3, b == 4 && at >= 2: // nothing counts, and nothing but in the first part
			targets[i] = -1
		}
	}
	want, err := one.Evaluate(inputs, targets, size, length)
	if err != nil {
		t.Fatal(err)
	}
	_, got := inParts(t, c, inputs, targets, size, length, parts, func(m *Model[float64], inputs, targets []int32, length int) (Stats, error) {
		return m.Evaluate(inputs, targets, size, length)
	})
	if got.Loss = want.Loss; got != want || want.Sequences != 4 || want.CorrectSequences != 2 {
		t.Errorf("%+v, in one process %+v", got, want)
	}
}

// whole is a network with an op that says nothing about parts.
type whole struct{ embed *layers.Embedding[float64] }

func (n *whole) Head() *layers.Embedding[float64] { return n.embed }

func (n *whole) Hidden(g *layers.Graph[float64], tokens *G.Node) *G.Node {
	x := n.embed.Forward(g, tokens)
	return ops.Apply(ops.Definition[float64]{
		Name: "Reverse", Inputs: G.Nodes{x}, Grads: []ops.Gradient{ops.GradPrimary}, Out: x.Shape(),
		Forward: func(out []float64, in ops.Operands[float64]) { copy(out, in.Floats(0)); slices.Reverse(out) },
		Backward: func(grads [][]float64, _ ops.Operands[float64], _, dout []float64) {
			copy(grads[0], dout)
			slices.Reverse(grads[0])
		},
	})
}

// TestSequenceRefusals: what needs whole sequences is named before the first step, and leaves the model as it was.
func TestSequenceRefusals(t *testing.T) {
	groups := commtest.Local(t, 2)
	refused := func(m *Model[float64], inputs, targets []int32, want string) {
		t.Helper()
		if err := m.SetSequence(groups[0]); !errors.Is(err, ErrNotCut) || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
		if _, err := m.Step(inputs, targets, 2, 9, 1); err != nil {
			t.Errorf("a step afterwards: %v", err)
		}
	}
	classifier := smallClassifier(t)
	inputs, targets := batchOf(classifier, 2, 9)
	refused(build[float64](t, classifier), inputs, targets, "models: classifier: sequences cannot be cut over processes: it gives a class to a whole sequence")
	documents := smallest(t, "goom-rnn")
	documents.Common().ResetDocuments, documents.Common().DocumentStart = true, "3"
	inputs, targets = text(2, 9, 17)
	refused(build[float64](t, documents), inputs, targets, "models: goom-rnn: sequences cannot be cut over processes: documents are told apart (-reset-documents)")
	set := params.NewSet[float64](1)
	refused(FromNetwork(set, &whole{layers.NewEmbedding(set, "embed", 17, 4)}), inputs, targets, "models: the network: sequences cannot be cut over processes: ops that need them whole: Reverse")
}

// TestSequenceContext: learned positions must be there for the whole sequence, not for the part.
func TestSequenceContext(t *testing.T) {
	c := smallest(t, "softmax-attention")
	set(t, c, "positions", "learned", "context", "9")
	m := build[float64](t, c)
	if err := m.SetSequence(commtest.Local(t, 2)[0]); err != nil {
		t.Fatal(err)
	}
	inputs, targets := text(1, 5, 17)
	if _, err := m.Step(inputs, targets, 1, 5, 1); err == nil || !strings.Contains(err.Error(), "length 10, but the model has learned positions for 9") {
		t.Errorf("error %v", err)
	}
}

// TestSetSequenceAgain: a model that has had steps takes other parts of sequences, and whole sequences again.
func TestSetSequenceAgain(t *testing.T) {
	const length = 4
	c := smallest(t, "goom-rnn")
	inputs, targets := text(1, 2*length, 17)
	evaluate := func(m *Model[float64], lo, hi int) float64 {
		stats, err := m.Evaluate(inputs[lo:hi], targets[lo:hi], 1, hi-lo)
		if err != nil {
			t.Error(err)
		}
		return stats.Loss
	}
	groups, losses := commtest.Local(t, 2), [2]float64{}
	models := [2]*Model[float64]{build[float64](t, c), build[float64](t, c)}
	whole := evaluate(models[0], 0, 2*length)
	first, second := evaluate(models[0], 0, length), evaluate(models[1], length, 2*length)
	if math.Abs(first+second-whole) < 1e-9 {
		t.Fatal("the parts do not depend on each other")
	}
	var runs sync.WaitGroup
	for r, m := range models {
		if err := m.SetSequence(groups[r]); err != nil {
			t.Fatal(err)
		}
		runs.Go(func() { losses[r] = evaluate(m, r*length, (r+1)*length) })
	}
	runs.Wait()
	if got := losses[0] + losses[1]; math.Abs(got-whole) > 1e-12*whole {
		t.Errorf("loss %v of two parts, want %v", got, whole)
	}
	if err := models[1].SetSequence(comm.Single()); err != nil {
		t.Fatal(err)
	}
	if again := evaluate(models[1], length, 2*length); again != second {
		t.Errorf("loss %v of a whole sequence, before %v", again, second)
	}
}
