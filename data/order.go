package data

import (
	"fmt"
	"math/bits"

	"goomtrain/rng"
)

// shuffled draws every item once in random order, then all of them in another, without end.
type shuffled struct {
	random *rng.Stream
	before rng.State // of random, before the order of this round was drawn
	order  []int32
	next   int // in order
	fill   func(item int, inputs, targets []int32)
}

func newShuffled(random *rng.Stream, count int, fill func(item int, inputs, targets []int32)) *shuffled {
	s := &shuffled{random: random, order: make([]int32, count), fill: fill}
	s.shuffle()
	return s
}

// shuffle draws the order of the next round, from the generator alone (Fisher and Yates).
func (s *shuffled) shuffle() {
	s.before, s.next = s.random.State(), 0
	for i := range s.order {
		j := s.random.IntN(i + 1)
		s.order[i] = s.order[j]
		s.order[j] = int32(i)
	}
}

func (s *shuffled) draw(inputs, targets []int32) bool {
	if s.next == len(s.order) {
		s.shuffle()
	}
	s.fill(int(s.order[s.next]), inputs, targets)
	s.next++
	return true
}

func (s *shuffled) position() position {
	state := s.before
	return position{RNG: &state, Next: s.next}
}

func (s *shuffled) seek(p position) error {
	if err := sameStream(p.RNG, s.before); err != nil {
		return err
	}
	if p.Next < 0 || p.Next > len(s.order) {
		return fmt.Errorf("it stands at item %d of %d", p.Next, len(s.order))
	}
	s.random = rng.Restore(*p.RNG)
	s.shuffle()
	s.next = p.Next
	return nil
}

// inTurn draws every item once, evenly spread.
type inTurn struct {
	spread
	fill func(item int, inputs, targets []int32)
}

func (s *inTurn) draw(inputs, targets []int32) bool {
	i, ok := s.step()
	if !ok {
		return false
	}
	s.fill(i, inputs, targets)
	return true
}

// spread enumerates 0..count-1 in an order such that the first n lie evenly over all of them, for every n:
// the numbers with their bits reversed (van der Corput's sequence), leaving out those that are too big.
type spread struct{ count, next int }

// step returns the next number; ok is false when all have come.
func (s *spread) step() (i int, ok bool) {
	width := bits.Len(uint(s.count - 1))
	for s.count > 0 && s.next < 1<<width {
		i = int(bits.Reverse64(uint64(s.next)) >> (64 - width))
		s.next++
		if i < s.count {
			return i, true
		}
	}
	return 0, false
}

func (s *spread) position() position { return position{Next: s.next} }

func (s *spread) seek(p position) error {
	if limit := 1 << bits.Len(uint(max(0, s.count-1))); p.RNG != nil || p.Next < 0 || p.Next > limit {
		return fmt.Errorf("it stands at %d, outside 0 to %d", p.Next, limit)
	}
	s.next = p.Next
	return nil
}
