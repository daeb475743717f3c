package sampling

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/rng"
)

// kept is which tokens the definition keeps: the k best, equals by token, and of these the fewest that reach p. near says
// that rounding may decide.
func kept(c Config, logits []float64) (tokens []int32, near bool) {
	order := make([]int32, len(logits))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case logits[a] > logits[b]:
			return -1
		case logits[a] < logits[b]:
			return 1
		}
		return 0
	})
	if c.TopK == 0 || c.TopK >= len(order) {
		if c.TopP == 1 { // nothing is left out, and nothing sorted
			slices.Sort(order)
			return order, false
		}
	} else if order = order[:c.TopK]; c.TopP == 1 {
		return order, false
	}
	weights, total := make([]float64, len(order)), 0.0
	for i, token := range order {
		weights[i] = math.Exp((logits[token] - logits[order[0]]) / c.Temperature)
		total += weights[i]
	}
	sum := 0.0
	for i, w := range weights {
		sum += w
		near = near || math.Abs(sum/total-c.TopP) < 1e-12
		if sum/total >= c.TopP {
			return order[:i+1], near
		}
	}
	return order, near
}

// TestKept: the candidates are those of the definition, in its order, for flat and steep distributions, with ties.
func TestKept(t *testing.T) {
	r := rng.New(1, "kept")
	checked := 0
	for range 2000 {
		n := 1 + r.IntN(60)
		logits, scale := make([]float64, n), math.Exp(6*r.Float64()-4)
		for i := range logits {
			switch r.IntN(4) {
			case 0:
				logits[i] = scale * float64(r.IntN(3)) // ties
			case 1:
				logits[i] = math.Inf(-1)
			default:
				logits[i] = scale * r.NormFloat64()
			}
		}
		logits[r.IntN(n)] = 0
		c := Config{Temperature: math.Exp(2*r.Float64() - 1), TopK: r.IntN(2) * (1 + r.IntN(n+3)), TopP: min(1, 0.01+1.2*r.Float64())}
		s, err := New[float64](c, 1)
		if err != nil {
			t.Fatal(err)
		}
		want, near := kept(c, logits)
		if near {
			continue
		}
		checked++
		if _, err := s.Next(logits); err != nil {
			t.Fatal(err)
		}
		var got []int32
		for _, candidate := range s.candidates {
			got = append(got, candidate.token)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v of %v keeps %v, want %v", c, logits, got, want)
		}
	}
	if checked < 1900 {
		t.Errorf("only %d of 2000 cases decided by more than rounding", checked)
	}
}

// TestGreedyDrawsNothing: neither the most likely token nor an error uses a random number.
func TestGreedyDrawsNothing(t *testing.T) {
	for _, c := range []struct {
		temperature float64
		logits      []float64
		draws       uint64
	}{{0, []float64{1, 3, 2}, 0}, {1, []float64{math.NaN()}, 0}, {1, []float64{math.Inf(-1)}, 0}, {1, []float64{1, 3, 2}, 1}} {
		s, err := New[float64](Config{Temperature: c.temperature, TopP: 1}, 1)
		if err != nil {
			t.Fatal(err)
		}
		s.Next(c.logits)
		if got := s.State().Counter; got != c.draws {
			t.Errorf("temperature %g, logits %v: %d random numbers, want %d", c.temperature, c.logits, got, c.draws)
		}
	}
}

// stuck is a stream whose logits turn to NaN after some tokens.
type stuck struct{ left int }

func (s *stuck) Append([]int32) ([]float64, error) {
	if s.left--; s.left < 0 {
		return []float64{math.NaN()}, nil
	}
	return []float64{1}, nil
}

// TestGenerateErrors: an error says at which token it came.
func TestGenerateErrors(t *testing.T) {
	s, err := New[float64](Config{TopP: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		_, err := Generate(&stuck{left: n}, []float64{1}, s, 9, func(int32) error { return nil })
		if want := fmt.Sprintf("token %d: sampling: the logit of token 0 is NaN", n+2); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("NaN after %d tokens: error %v, want %q", n+1, err, want)
		}
	}
	stop := errors.New("stop")
	count := 0
	if _, err := Generate(&stuck{left: 5}, []float64{1}, s, 9, func(int32) error { count++; return stop }); err != stop || count != 1 {
		t.Errorf("error %v after %d tokens", err, count)
	}
}
