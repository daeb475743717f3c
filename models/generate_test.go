package models

import (
	"runtime"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/layers"
)

// TestGenerate: 2,000 tokens generated greedily, each from the state alone, are those that the whole
// context read at once predicts; and memory does not grow on the way.
func TestGenerate(t *testing.T) {
	eachPredicting(t, func(t *testing.T, c Config) {
		t.Run("float32", func(t *testing.T) { testGenerate[float32](t, c) })
		t.Run("float64", func(t *testing.T) { testGenerate[float64](t, c) })
	})
}

func testGenerate[F simd.Float](t *testing.T, c Config) {
	const length = 2000
	m := build[F](t, c)
	for _, p := range m.Params() {
		if p.Name == m.head.Table.Name {
			simd.Scale(p.Value, 30, p.Value) // tokens far apart, or one token repeats for ever
		}
	}
	s, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	tokens := []int32{1, 2, 3}
	logits, err := s.Append(tokens)
	if err != nil {
		t.Fatal(err)
	}
	step := func() {
		tokens = append(tokens, int32(simd.ArgMax(logits)))
		if logits, err = s.Append(tokens[len(tokens)-1:]); err != nil {
			t.Fatal(err)
		}
	}
	tokens = append(make([]int32, 0, length), tokens...)
	for len(tokens) < length/2 {
		step()
	}
	before := heap()
	for len(tokens) < length {
		step()
	}
	if grown := int64(heap()) - int64(before); grown > 1<<20 && c.Model != "softmax-attention" { // a key-value cache does grow
		t.Errorf("memory grew by %d bytes over %d tokens", grown, length/2)
	}
	distinct := map[int32]bool{}
	for _, token := range tokens {
		distinct[token] = true
	}
	if len(distinct) < 3 {
		t.Errorf("only %d different tokens: the test says little", len(distinct))
	}
	whole := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
	for i := 2; i < length-1; i++ {
		if want := int32(simd.ArgMax(whole[i*c.Common().Vocab : (i+1)*c.Common().Vocab])); tokens[i+1] != want {
			t.Fatalf("token %d is %d; the whole context predicts %d", i+1, tokens[i+1], want)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryIsFlat: a thousand steps leave the heap as large as the first ten did.
func TestMemoryIsFlat(t *testing.T) {
	c := smallest(t, "goom-rnn")
	m := build[float32](t, c)
	inputs, targets := text(2, 8, c.Common().Vocab)
	steps := func(n int) uint64 {
		for range n {
			if _, err := m.Step(inputs, targets, 2, 8, 1); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Evaluate(inputs, targets, 2, 8); err != nil {
				t.Fatal(err)
			}
		}
		return heap()
	}
	before := steps(10)
	if after := steps(1000); after > before+before/20 {
		t.Errorf("%d bytes after 10 steps, %d after 1,000 more", before, after)
	}
}
