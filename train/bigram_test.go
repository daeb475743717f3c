package train

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/rng"
	"goomtrain/train/optim"
)

// bigram is the smallest language model: a table of logits by token, and a bias. It is exact, fast
// and has a parameter of each group.
type bigram[F params.Float] struct {
	vocab       int
	table, bias *params.Param[F]
	row         []float64
	onStep      func(calls int) // before each micro-batch, if set
	calls       int
}

func newBigram[F params.Float](vocab int, seed uint64) *bigram[F] {
	b := &bigram[F]{vocab: vocab, table: params.New[F]("table", params.Embedding, vocab, vocab), bias: params.New[F]("bias", params.Vector, vocab), row: make([]float64, vocab)}
	r := rng.New(seed, "table")
	for i := range b.table.Value {
		b.table.Value[i] = F(0.1 * r.NormFloat64())
	}
	return b
}

func (b *bigram[F]) Params() []*params.Param[F] { return []*params.Param[F]{b.table, b.bias} }

// predict fills row with the probabilities after a token and returns the largest's index.
func (b *bigram[F]) predict(token int32) (best int) {
	logits := b.table.Value[int(token)*b.vocab : (int(token)+1)*b.vocab]
	largest, sum := math.Inf(-1), 0.0
	for i := range b.row {
		b.row[i] = float64(logits[i] + b.bias.Value[i])
		if b.row[i] > largest {
			largest, best = b.row[i], i
		}
	}
	for i, x := range b.row {
		b.row[i] = math.Exp(x - largest)
		sum += b.row[i]
	}
	for i := range b.row {
		b.row[i] /= sum
	}
	return best
}

func (b *bigram[F]) visit(inputs, targets []int32, length int, visit func(token, target int)) (s models.Stats) {
	counted, wrong := map[int]bool{}, map[int]bool{} // by sequence
	for i, target := range targets {
		if target < 0 {
			continue
		}
		best := b.predict(inputs[i])
		s.Loss -= math.Log(b.row[target])
		s.Tokens++
		counted[i/length] = true
		if best == int(target) {
			s.Correct++
		} else {
			wrong[i/length] = true
		}
		if visit != nil {
			visit(int(inputs[i]), int(target))
		}
	}
	s.Sequences, s.CorrectSequences = len(counted), len(counted)-len(wrong)
	return s
}

func (b *bigram[F]) Step(inputs, targets []int32, size, length int, denominator float64) (models.Stats, error) {
	b.calls++
	if b.onStep != nil {
		b.onStep(b.calls)
	}
	return b.visit(inputs, targets, length, func(token, target int) {
		grad := b.table.Grad[token*b.vocab : (token+1)*b.vocab]
		for j, p := range b.row {
			if j == target {
				p--
			}
			grad[j] += F(p / denominator)
			b.bias.Grad[j] += F(p / denominator)
		}
	}), nil
}

func (b *bigram[F]) Evaluate(inputs, targets []int32, size, length int) (models.Stats, error) {
	return b.visit(inputs, targets, length, nil), nil
}

// corpus writes a small text and opens it.
func corpus(t testing.TB) (*data.Dataset, Config) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	return openText(t, path)
}

func openText(t testing.TB, path string) (*data.Dataset, Config) {
	t.Helper()
	cfg := selected(t, Selection{Preset: "nano"})
	set(t, &cfg, "data", path, "seq", "16", "batch", "4", "steps", "40", "schedule-steps", "40", "eval-every", "8",
		"eval-batches", "2", "save-every", "5", "log-every", "1", "lr", "0.1", "out", filepath.Join(t.TempDir(), "run"))
	dataset, err := data.Open(cfg.Data, cfg.Seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dataset.Close() })
	return dataset, cfg
}

// selected is the configuration of a selection.
func selected(t testing.TB, s Selection) Config {
	t.Helper()
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// set gives settings values by their names.
func set(t testing.TB, c *Config, namesAndValues ...string) {
	t.Helper()
	for i := 0; i < len(namesAndValues); i += 2 {
		if err := c.Set(namesAndValues[i], namesAndValues[i+1]); err != nil {
			t.Fatal(err)
		}
	}
}

// use replaces the optimizer by another with its defaults.
func use(t testing.TB, c *Config, optimizer string) {
	t.Helper()
	var err error
	if c.Optimizer, err = optim.NewConfig(optimizer); err != nil {
		t.Fatal(err)
	}
}

// goomRNN is a goom-rnn of these sizes.
func goomRNN(vocab, dEmb, layers, heads, dHead int) models.Config {
	return models.Config{Model: "goom-rnn", Sizes: &models.GOOMRNN{
		Common: models.Common{Vocab: vocab},
		Stack:  models.Stack{DEmb: dEmb, Layers: layers, Heads: heads, DHead: dHead},
	}}
}
