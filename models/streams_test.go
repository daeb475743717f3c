package models

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/internal/simd"
)

// TestStreamsEqualSingle: a sequence has the same logits, to the bit, alone and among any number of others, which have
// prompts and tokens of their own, and some of which have ended.
func TestStreamsEqualSingle(t *testing.T) {
	eachPredicting(t, func(t *testing.T, c Config) {
		t.Run("float32", func(t *testing.T) { streamsEqualSingle[float32](t, c) })
		t.Run("float64", func(t *testing.T) { streamsEqualSingle[float64](t, c) })
	})
}

func streamsEqualSingle[F simd.Float](t *testing.T, c Config) {
	m := build[F](t, c)
	const prompt, steps, most = 70, 70, 13
	tokens, _ := text(most, prompt+steps, m.Vocab())
	var alone [most][]F // logits of each sequence after each token
	for i := range alone {
		s := prompted(t, m, tokens[i*(prompt+steps):][:prompt])
		for _, token := range tokens[i*(prompt+steps)+prompt:][:steps] {
			logits, err := s.Append([]int32{token})
			if err != nil {
				t.Fatal(err)
			}
			alone[i] = append(alone[i], logits...)
		}
	}
	for _, n := range []int{1, 2, 5, most} {
		s, err := m.NewStreams(n)
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != n {
			t.Fatalf("%d streams, want %d", s.Len(), n)
		}
		for range 2 { // after Reset too
			for i := range n {
				if err := s.Set(i, prompted(t, m, tokens[i*(prompt+steps):][:prompt])); err != nil {
					t.Fatal(err)
				}
			}
			read := make([]int32, n)
			for step := range steps {
				for i := range read {
					if read[i] = tokens[i*(prompt+steps)+prompt+step]; i%4 == 3 && step > 20 {
						read[i] = -1
					}
				}
				logits, err := s.Append(read)
				if err != nil {
					t.Fatal(err)
				}
				for i := range n {
					got, want := logits[i*m.Vocab():][:m.Vocab()], alone[i][step*m.Vocab():][:m.Vocab()]
					if read[i] >= 0 && !slices.Equal(got, want) {
						t.Fatalf("stream %d of %d, token %d: logits\n%v, alone\n%v", i, n, step, got, want)
					}
				}
			}
			s.Reset()
		}
	}
}

// prompted returns a stream that has read tokens.
func prompted[F simd.Float](t testing.TB, m *Model[F], tokens []int32) *Stream[F] {
	t.Helper()
	s, err := m.NewStream()
	if err == nil {
		_, err = s.Append(tokens)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStreamsOfLargerSizes: sizes at which products of one row and of many take different ways.
func TestStreamsOfLargerSizes(t *testing.T) {
	for name, sizes := range map[string][]string{
		"goom-rnn":          {"d-emb", "320", "heads", "2", "d-head", "288", "layers", "1"},
		"softmax-attention": {"d-emb", "320", "heads", "2", "d-head", "40", "layers", "1"},
		"lstm":              {"d-emb", "320", "layers", "1"},
		"gated-delta-net":   {"d-emb", "320", "heads", "2", "d-head", "64", "layers", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			c := smallest(t, name)
			set(t, c, append([]string{"vocab", "300"}, sizes...)...)
			streamsEqualSingle[float32](t, c)
		})
	}
}

// TestStreamsOfSeveralLengths: models that count positions refuse sequences of different lengths and stay as they are;
// others run them.
func TestStreamsOfSeveralLengths(t *testing.T) {
	for name, counts := range map[string]bool{"goom-rnn": false, "log-attention": false, "lstm": false, "gated-delta-net": false, "softmax-attention": true, "taylor-attention": true} {
		t.Run(name, func(t *testing.T) {
			m := build[float32](t, smallest(t, name))
			short, long := prompted(t, m, []int32{1, 2}), prompted(t, m, []int32{3, 4, 5})
			if m.Together(short, long) == counts || !m.Together(short, prompted(t, m, []int32{7, 7})) {
				t.Errorf("together: %v", !counts)
			}
			s, err := m.NewStreams(2)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Set(0, short); err != nil {
				t.Fatal(err)
			}
			if err := s.Set(1, long); errors.Is(err, ErrLengths) != counts {
				t.Fatalf("error %v", err)
			}
			got, err := s.Append([]int32{6, 6})
			if err != nil {
				t.Fatal(err)
			}
			for i, single := range []*Stream[float32]{short, long} {
				want, err := single.Append([]int32{6})
				if err != nil {
					t.Fatal(err)
				}
				if (i == 0 || !counts) && !slices.Equal(got[i*m.Vocab():][:m.Vocab()], want) {
					t.Errorf("stream %d: logits %v, alone %v", i, got[i*m.Vocab():][:m.Vocab()], want)
				}
			}
		})
	}
}

// TestStreamsFromTheBeginning: without Set the sequences begin with the first tokens.
func TestStreamsFromTheBeginning(t *testing.T) {
	m := build[float32](t, smallest(t, "softmax-attention"))
	s, err := m.NewStreams(3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Append([]int32{4, 5, 6})
	if err != nil {
		t.Fatal(err)
	}
	one, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	want, err := one.Append([]int32{5})
	if err != nil || !slices.Equal(got[m.Vocab():2*m.Vocab()], want) {
		t.Errorf("logits %v, alone %v (error %v)", got[m.Vocab():2*m.Vocab()], want, err)
	}
}

// TestStreamsOfOtherShapes: a state of the same names and other shapes is refused, and changes nothing.
func TestStreamsOfOtherShapes(t *testing.T) {
	c := smallest(t, "goom-rnn")
	m := build[float32](t, c)
	s, err := m.NewStreams(2)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set(1, prompted(t, m, []int32{1, 2, 3})); err != nil {
		t.Fatal(err)
	}
	var before []string
	for _, a := range s.states.Arrays() {
		before = append(before, fmt.Sprint(a.Data))
	}
	set(t, c, "d-head", "4")
	if err := s.Set(1, prompted(t, build[float32](t, c), []int32{1, 2, 3})); err == nil || !strings.Contains(err.Error(), " has shape ") {
		t.Errorf("error %v", err)
	}
	for i, a := range s.states.Arrays() {
		if fmt.Sprint(a.Data) != before[i] {
			t.Errorf("%s has changed", a.Name)
		}
	}
}

func TestStreamsMistakes(t *testing.T) {
	c := smallest(t, "softmax-attention")
	set(t, c, "positions", "learned", "context", "4", "reset-documents", "true", "document-start", "9")
	m := build[float32](t, c)
	for _, n := range []int{0, -1, MaxStreams + 1, math.MaxInt} {
		if _, err := m.NewStreams(n); err == nil || !strings.Contains(err.Error(), "want 1 to 4096") {
			t.Errorf("%d streams: error %v", n, err)
		}
	}
	s, err := m.NewStreams(2)
	if err != nil {
		t.Fatal(err)
	}
	try := func(want string, tokens ...int32) {
		t.Helper()
		if _, err := s.Append(tokens); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("tokens %v: error %v, want one with %q", tokens, err, want)
		}
	}
	if _, err := s.Append([]int32{9, 9}); err != nil {
		t.Fatal(err)
	}
	try("1 tokens for 2 streams", 1)
	try("token 17 of stream 1", 1, 17)
	try("token -2 of stream 0", -2, 1)
	try("token 9 of stream 1 begins a document", 1, 9)
	if left, limited := s.Left(); left != 3 || !limited {
		t.Errorf("%d positions left (%v), want 3", left, limited)
	}
	for range 3 {
		if _, err := s.Append([]int32{1, -1}); err != nil {
			t.Fatal(err)
		}
	}
	try("no position left", 1, 1)
	if err := s.Set(2, prompted(t, m, []int32{1})); err == nil || !strings.Contains(err.Error(), "stream 2 of 2") {
		t.Errorf("error %v", err)
	}
	s.Reset()
	set(t, c, "layers", "1")
	if err := s.Set(0, prompted(t, build[float32](t, c), []int32{1})); err == nil || !strings.Contains(err.Error(), "another model") {
		t.Errorf("the state of another model: error %v", err)
	}
	set(t, c, "layers", "2", "heads", "2")
	if err := s.Set(0, prompted(t, build[float32](t, c), []int32{1})); err == nil {
		t.Error("the state of other heads: no error")
	}
	if got, err := s.Append([]int32{1, 2}); err != nil || len(got) != 2*m.Vocab() {
		t.Errorf("after refused states: %d logits, error %v", len(got), err)
	}
	c = smallest(t, "classifier")
	if err := c.FitClasses(2, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := build[float32](t, c).NewStreams(2); err == nil || !strings.Contains(err.Error(), "classifier") {
		t.Errorf("a classifier: error %v", err)
	}
}

// TestStreamsAllocateNothing: nor does a Stream, but for a cache that grows.
func TestStreamsAllocateNothing(t *testing.T) {
	for _, name := range predicting(t) {
		c := smallest(t, name)
		m := build[float32](t, c)
		s, err := m.NewStreams(3)
		if err != nil {
			t.Fatal(err)
		}
		one := prompted(t, m, []int32{1})
		tokens := []int32{1, 2, 3}
		step := func() {
			if _, err := s.Append(tokens); err != nil {
				t.Fatal(err)
			}
			if _, err := one.Append(tokens[:1]); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			step()
		}
		if n := testing.AllocsPerRun(100, step); n > 0 {
			t.Errorf("%s: %g allocations a token", name, n)
		}
	}
}
