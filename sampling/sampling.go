package sampling

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"

	"goomtrain/params"
	"goomtrain/rng"
)

// Config holds the settings of a Sampler.
type Config struct {
	Temperature float64 // logits are divided by it; 0: always the largest logit
	TopK        int     // only the k largest logits; 0: all
	TopP        float64 // only the fewest tokens whose probabilities reach p together; 1: all
}

// Validate returns an error that names the rule that a value breaks.
func (c Config) Validate() error {
	switch {
	case !(c.Temperature >= 0) || math.IsInf(c.Temperature, 1):
		return fmt.Errorf("temperature %g: must be a number of at least 0 (0: always the most likely token)", c.Temperature)
	case c.TopK < 0:
		return fmt.Errorf("top-k %d: must be at least 0 (0: every token)", c.TopK)
	case !(c.TopP > 0 && c.TopP <= 1):
		return fmt.Errorf("top-p %g: must lie in (0, 1] (1: every token)", c.TopP)
	}
	return nil
}

// A candidate is a token that may still be drawn.
type candidate struct {
	logit, weight float64 // weight: probability up to a common factor
	token         int32
}

// better orders candidates from the most likely on, and equal ones by token, so that the result does not depend
// on the stability of a sort.
func better(a, b candidate) int {
	if c := cmp.Compare(b.logit, a.logit); c != 0 {
		return c
	}
	return cmp.Compare(a.token, b.token)
}

// worstFirst is a heap with its worst candidate on top.
type worstFirst []candidate

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return better(h[i], h[j]) > 0 }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst) Push(any)          { panic("sampling: the heap has a fixed size") }
func (h *worstFirst) Pop() any          { panic("sampling: the heap has a fixed size") }

// A Sampler draws tokens. It is not safe for concurrent use. After the first call it allocates nothing.
type Sampler[F params.Float] struct {
	config     Config
	random     *rng.Stream
	candidates worstFirst
}

// New returns a sampler at the beginning of the random stream of that seed.
func New[F params.Float](config Config, seed uint64) (*Sampler[F], error) {
	return NewNumbered[F](config, seed, 0)
}

// NewNumbered is New for the texts 0, 1, 2, ... of one seed, each of which has a random stream of its own. That of text 0 is
// New's.
func NewNumbered[F params.Float](config Config, seed uint64, text int) (*Sampler[F], error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	name := "sampling"
	if text != 0 {
		name = fmt.Sprintf("sampling.%d", text)
	}
	return &Sampler[F]{config: config, random: rng.New(seed, name)}, nil
}

// State returns what Restore needs to continue from here.
func (s *Sampler[F]) State() rng.State { return s.random.State() }

// Restore continues the random stream of a saved state.
func (s *Sampler[F]) Restore(state rng.State) { s.random = rng.Restore(state) }

// Next draws a token from logits [S]. It returns an error, and uses no random number, if a logit is NaN or +Inf
// or if no token is possible.
func (s *Sampler[F]) Next(logits []F) (int32, error) {
	largest, err := argmax(logits)
	if err != nil || s.config.Temperature == 0 {
		return largest, err
	}
	s.topK(logits)
	total := s.weigh(float64(logits[largest]))
	total = s.topP(total)
	u := s.random.Float64() * total
	for _, c := range s.candidates {
		if u -= c.weight; u < 0 {
			return c.token, nil
		}
	}
	return largest, nil // reached only by rounding errors
}

// argmax returns the largest logit, or an error if the logits do not define a distribution.
func argmax[F params.Float](logits []F) (int32, error) {
	best := -1
	for i, l := range logits {
		if l != l || math.IsInf(float64(l), 1) {
			return 0, fmt.Errorf("sampling: the logit of token %d is %g: the model's state or weights are not finite", i, float64(l))
		}
		if !math.IsInf(float64(l), -1) && (best < 0 || l > logits[best]) {
			best = i
		}
	}
	if best < 0 {
		return 0, fmt.Errorf("sampling: none of %d tokens is possible: every logit is -Inf", len(logits))
	}
	return int32(best), nil
}

// topK sets the candidates to the k best tokens, or to all.
func (s *Sampler[F]) topK(logits []F) {
	k := s.config.TopK
	if k == 0 || k > len(logits) {
		k = len(logits)
	}
	s.candidates = slices.Grow(s.candidates[:0], k)
	for i, l := range logits[:k] {
		s.candidates = append(s.candidates, candidate{logit: float64(l), token: int32(i)})
	}
	if k == len(logits) {
		return
	}
	heap.Init(&s.candidates)
	for i, l := range logits[k:] {
		c := candidate{logit: float64(l), token: int32(k + i)}
		if better(c, s.candidates[0]) < 0 {
			s.candidates[0] = c
			heap.Fix(&s.candidates, 0)
		}
	}
	slices.SortFunc(s.candidates, better)
}

// weigh applies the temperature and returns the sum of the weights, which is at least 1: that of
// the largest logit.
func (s *Sampler[F]) weigh(largest float64) (total float64) {
	for i := range s.candidates {
		c := &s.candidates[i]
		c.weight = math.Exp((c.logit - largest) / s.config.Temperature)
		total += c.weight
	}
	return total
}

// topP keeps the fewest candidates whose weights reach p of the total, and returns their sum.
func (s *Sampler[F]) topP(total float64) float64 {
	p := s.config.TopP
	if p == 1 {
		return total
	}
	// Of n candidates, all that weigh less than (1-p)/n of the total weigh less than 1-p of it
	// together, so none of them is needed to reach p: this spares sorting a large vocabulary.
	least, kept := (1-p)/float64(len(s.candidates))*total, s.candidates[:0]
	for _, c := range s.candidates {
		if c.weight >= least {
			kept = append(kept, c)
		}
	}
	slices.SortFunc(kept, better)
	sum := 0.0
	for i, c := range kept {
		if sum += c.weight; sum >= p*total {
			kept = kept[:i+1]
			break
		}
	}
	s.candidates = kept
	return sum
}
