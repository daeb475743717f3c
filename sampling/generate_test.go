package sampling

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// echo is a stream whose next token is always one more than the last, modulo 5.
type echo struct {
	read []int32
	fail int // from that many tokens on
}

func (e *echo) Append(tokens []int32) ([]float64, error) {
	e.read = append(e.read, tokens...)
	if e.fail > 0 && len(e.read) >= e.fail {
		return nil, errors.New("the state is gone")
	}
	logits := make([]float64, 5)
	logits[(e.read[len(e.read)-1]+1)%5] = 9
	return logits, nil
}

// TestGenerate: every token is fed back once, and the text goes on from the logits returned.
func TestGenerate(t *testing.T) {
	s, err := New[float64](Config{TopP: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, got := &echo{}, []int32(nil)
	logits, err := e.Append([]int32{3})
	if err != nil {
		t.Fatal(err)
	}
	collect := func(token int32) error { got = append(got, token); return nil }
	for _, n := range []int{4, 0, 2} {
		if logits, err = Generate(e, logits, s, n, collect); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int32{4, 0, 1, 2, 3, 4}; !slices.Equal(got, want) || !slices.Equal(e.read, append([]int32{3}, want...)) {
		t.Errorf("wrote %v, read %v", got, e.read)
	}
	full := errors.New("no more paper")
	if _, err := Generate(e, logits, s, 3, func(int32) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v, want that of emit", err)
	}
	if _, err := Generate(&echo{}, []float64{math.NaN()}, s, 3, collect); err == nil || !strings.HasPrefix(err.Error(), "token 1: sampling: the logit of token 0 is NaN") {
		t.Errorf("error %v", err)
	}
	if _, err := Generate(&echo{fail: 2}, logits, s, 5, collect); err == nil || !strings.Contains(err.Error(), "token 2: the state is gone") {
		t.Errorf("error %v", err)
	}
}

// echoes are three sequences whose next token is always one more than the last, modulo 5. The logits of the third are NaN
// from a call on.
type echoes struct {
	read   [][]int32
	broken int
	logits [15]float64
}

func (e *echoes) Append(tokens []int32) ([]float64, error) {
	e.read = append(e.read, slices.Clone(tokens))
	if len(tokens) != 3 {
		return nil, fmt.Errorf("%d tokens", len(tokens))
	}
	clear(e.logits[:])
	for i, t := range tokens {
		e.logits[5*i+int(t+1)%5] = 9
	}
	if e.broken > 0 && len(e.read) >= e.broken {
		e.logits[10] = math.NaN()
	}
	return e.logits[:], nil
}

// samplers returns the samplers of three texts.
func samplers(t *testing.T, c Config) (all []*Sampler[float64]) {
	t.Helper()
	for i := range 3 {
		s, err := NewNumbered[float64](c, 1, i)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// TestGenerateAll: each sequence gets its own tokens until it ends, the others go on, and the last tokens are not read.
func TestGenerateAll(t *testing.T) {
	logits := []float64{9, 0, 0, 0, 0 /**/, 0, 9, 0, 0, 0 /**/, 0, 0, 9, 0, 0}
	var got [3][]int32
	collect := func(i int, token int32) (bool, error) {
		got[i] = append(got[i], token)
		return i != 1 || token != 3, nil
	}
	e := &echoes{}
	if err := GenerateAll(e, logits, samplers(t, Config{TopP: 1}), 4, collect); err != nil {
		t.Fatal(err)
	}
	if want := [3][]int32{{0, 1, 2, 3}, {1, 2, 3}, {2, 3, 4, 0}}; !slices.EqualFunc(got[:], want[:], slices.Equal[[]int32]) {
		t.Errorf("tokens %v, want %v", got, want)
	}
	if want := [][]int32{{0, 1, 2}, {1, 2, 3}, {2, -1, 4}}; !slices.EqualFunc(e.read, want, slices.Equal[[]int32]) {
		t.Errorf("read %v, want %v", e.read, want)
	}
	e = &echoes{}
	if err := GenerateAll(e, logits, samplers(t, Config{TopP: 1}), 9, func(int, int32) (bool, error) { return false, nil }); err != nil || e.read != nil {
		t.Errorf("all end at once: error %v, read %v", err, e.read)
	}
	full := errors.New("no more paper")
	if err := GenerateAll(e, logits, samplers(t, Config{TopP: 1}), 9, func(i int, _ int32) (bool, error) { return true, full }); err != full {
		t.Errorf("error %v, want that of emit", err)
	}
	e = &echoes{broken: 2}
	err := GenerateAll(e, logits, samplers(t, Config{TopP: 1}), 9, func(int, int32) (bool, error) { return true, nil })
	if err == nil || !strings.HasPrefix(err.Error(), "sequence 3, token 3: sampling: the logit of token 0 is NaN") {
		t.Errorf("error %v", err)
	}
	all := func(int, int32) (bool, error) { return true, nil }
	if err := GenerateAll(&echoes{}, logits[:10], samplers(t, Config{TopP: 1})[:2], 9, all); err == nil || err.Error() != "token 1: 2 tokens" {
		t.Errorf("error %v, want that of the streams", err)
	}
	// of a sequence that has ended, no logits are read
	if err := GenerateAll(&echoes{broken: 2}, logits, samplers(t, Config{TopP: 1}), 9, func(i int, _ int32) (bool, error) { return i != 2, nil }); err != nil {
		t.Error(err)
	}
}

// TestNewNumbered: texts have random streams of their own, the first that of New; they can be saved.
func TestNewNumbered(t *testing.T) {
	logits := make([]float64, 50)
	first, err := New[float64](Config{Temperature: 1, TopP: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	all := samplers(t, Config{Temperature: 1, TopP: 1})
	same := [3]int{}
	for range 200 {
		want, _ := first.Next(logits)
		for i, s := range all {
			if token, _ := s.Next(logits); token == want {
				same[i]++
			}
		}
	}
	if same[0] != 200 || same[1] > 20 || same[2] > 20 {
		t.Errorf("%v tokens of 200 are those of New", same)
	}
	first.Restore(all[2].State())
	if a, b := first.random.Uint64(), all[2].random.Uint64(); a != b {
		t.Error("a restored state goes on differently")
	}
}

// TestGenerateAllAllocatesNothing: as many allocations for 200 tokens as for 10.
func TestGenerateAllAllocatesNothing(t *testing.T) {
	all, e := samplers(t, Config{Temperature: 1, TopP: 1}), &quiet{}
	count := func(n int) float64 {
		return testing.AllocsPerRun(10, func() {
			if err := GenerateAll(e, e.logits[:], all, n, func(int, int32) (bool, error) { return true, nil }); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := count(10), count(200); many > few {
		t.Errorf("%g allocations for 200 tokens, %g for 10", many, few)
	}
}

// quiet are streams whose logits are zeros.
type quiet struct{ logits [15]float64 }

func (q *quiet) Append([]int32) ([]float64, error) { return q.logits[:], nil }
