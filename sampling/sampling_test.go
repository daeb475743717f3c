package sampling

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func Example() {
	logits := []float32{0, 3, 2, -1}
	greedy, _ := New[float32](Config{TopP: 1}, 1)
	token, _ := greedy.Next(logits)
	fmt.Println("greedy:", token)

	s, err := New[float32](Config{Temperature: 0.8, TopK: 2, TopP: 0.95}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 5 {
		token, _ := s.Next(logits)
		fmt.Print(token, " ")
	}
	// Output:
	// greedy: 1
	// 1 1 1 1 2
}

// expected computes the distribution from its definition, with sorts over the whole vocabulary.
func expected(c Config, logits []float64) []float64 {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if logits[a] > logits[b] {
			return -1
		} else if logits[a] < logits[b] {
			return 1
		}
		return 0
	})
	if c.TopK > 0 && c.TopK < len(order) {
		order = order[:c.TopK]
	}
	p, total := make([]float64, len(logits)), 0.0
	for _, i := range order {
		p[i] = math.Exp(logits[i] / c.Temperature)
		total += p[i]
	}
	sum := 0.0
	for n, i := range order {
		if sum += p[i] / total; sum >= c.TopP {
			for _, j := range order[n+1:] {
				p[j] = 0
			}
			break
		}
	}
	total = 0
	for _, x := range p {
		total += x
	}
	for i := range p {
		p[i] /= total
	}
	return p
}

// TestDistribution counts draws against the definition, within five standard errors; a token of
// probability zero must never come.
func TestDistribution(t *testing.T) {
	logits := []float64{0.5, 2, -1, 2, 1.5, math.Inf(-1), 0, -3}
	for _, c := range []Config{
		{1, 0, 1}, {0.5, 0, 1}, {2, 3, 1}, {1, 1, 1}, {1, 0, 0.5}, {1, 0, 1e-9}, {0.7, 4, 0.9}, {1, 100, 0.999},
	} {
		s, err := New[float64](c, 11)
		if err != nil {
			t.Fatal(err)
		}
		const n = 40000
		counts := make([]float64, len(logits))
		for range n {
			token, err := s.Next(logits)
			if err != nil {
				t.Fatal(err)
			}
			counts[token]++
		}
		for i, p := range expected(c, logits) {
			if got := counts[i] / n; math.Abs(got-p) > 5*math.Sqrt(p*(1-p)/n) {
				t.Errorf("%+v: token %d comes with frequency %.4f, want %.4f", c, i, got, p)
			}
		}
	}
}

// TestShiftedLogits: a number added to all logits changes no draw, however far their exponentials leave the range.
func TestShiftedLogits(t *testing.T) {
	draw := func(shift float32) (tokens []int32) {
		s, err := New[float32](Config{1, 0, 0.95}, 3)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			token, err := s.Next([]float32{shift + 2, shift + 1, shift + 1.5, shift - 4})
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, token)
		}
		return tokens
	}
	for _, shift := range []float32{-4096, 4096} {
		if got, want := draw(shift), draw(0); !slices.Equal(got, want) {
			t.Errorf("%v added: tokens %v, want %v", shift, got, want)
		}
	}
}

// TestTopPReached: tokens whose probabilities reach p exactly are enough, and of equal ones the first are kept.
func TestTopPReached(t *testing.T) {
	for p, want := range map[float64]int32{0.25: 1, 0.5: 2, 0.75: 3, 0.8: 4} {
		s, err := New[float32](Config{1, 0, p}, 3)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int32]bool{}
		for range 200 {
			token, err := s.Next([]float32{2, 2, 2, 2})
			if err != nil || token >= want {
				t.Fatalf("top-p %v of four equal tokens: token %d, error %v", p, token, err)
			}
			seen[token] = true
		}
		if len(seen) != int(want) {
			t.Errorf("top-p %v of four equal tokens: %d come, want %d", p, len(seen), want)
		}
	}
}

// TestStateContinues: a restored sampler goes on with the same tokens, with float32 logits too.
func TestStateContinues(t *testing.T) {
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = float32(math.Sin(float64(i)))
	}
	config := Config{Temperature: 1.3, TopK: 500, TopP: 0.8}
	a, _ := New[float32](config, 5)
	for range 10 {
		a.Next(logits)
	}
	b, _ := New[float32](config, 99)
	b.Restore(a.State())
	for i := range 100 {
		x, _ := a.Next(logits)
		y, _ := b.Next(logits)
		if x != y {
			t.Fatalf("draw %d: %d and %d", i, x, y)
		}
	}
}

func TestTiesAndExtremes(t *testing.T) {
	for _, c := range []struct {
		config Config
		logits []float32
		want   int32
	}{
		{Config{0, 0, 1}, []float32{1, 7, 7, 2}, 1},
		{Config{1, 1, 1}, []float32{7, 1, 7, 7}, 0},
		{Config{1e-30, 0, 1}, []float32{3e38, -3e38, 2.9e38}, 0},
		{Config{1, 0, 1}, []float32{float32(math.Inf(-1)), -5}, 1},
		{Config{1, 0, 1e-12}, []float32{-3e38, 0, -3e38}, 1},
	} {
		s, err := New[float32](c.config, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Next(c.logits); err != nil || got != c.want {
			t.Errorf("%+v of %v: token %d, error %v, want %d", c.config, c.logits, got, err, c.want)
		}
	}
}

func TestRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for want, logits := range map[string][]float64{
		"token 1 is NaN": {0, nan}, "token 0 is +Inf": {inf, 0}, "none of 2 tokens": {-inf, -inf}, "none of 0": {},
	} {
		for _, temperature := range []float64{0, 1} {
			s, _ := New[float64](Config{Temperature: temperature, TopP: 1}, 1)
			if _, err := s.Next(logits); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v, want one with %q", logits, err, want)
			}
		}
	}
	for want, c := range map[string]Config{
		"temperature -1": {-1, 0, 1}, "temperature NaN": {nan, 0, 1}, "temperature +Inf": {inf, 0, 1}, "top-k -2": {1, -2, 1}, "top-p 0": {1, 0, 0}, "top-p 1.5": {1, 0, 1.5},
	} {
		if _, err := New[float32](c, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", c, err, want)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	logits := make([]float32, 5000)
	for i := range logits {
		logits[i] = float32(i % 97)
	}
	for _, c := range []Config{{0, 0, 1}, {1, 0, 1}, {1, 40, 0.9}, {1, 0, 0.9}} {
		s, _ := New[float32](c, 1)
		s.Next(logits)
		if n := testing.AllocsPerRun(20, func() { s.Next(logits) }); n > 0 {
			t.Errorf("%+v: %g allocations a token", c, n)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	logits := make([]float32, 50257)
	for i := range logits {
		logits[i] = float32(5 * math.Sin(float64(i)*1.7))
	}
	for _, c := range []Config{{1, 0, 1}, {1, 50, 1}, {1, 0, 0.95}} {
		b.Run(fmt.Sprintf("k%d_p%g", c.TopK, c.TopP), func(b *testing.B) {
			s, _ := New[float32](c, 1)
			for b.Loop() {
				s.Next(logits)
			}
		})
	}
}
