// Package rng is a counter-based random generator: the n-th number of a stream is a pure function of
// (seed, stream name, n), so a saved counter resumes a stream exactly and streams with different
// names never disturb each other.
//
// The function is SplitMix64's finaliser (Steele, Lea, Flood 2014) applied twice over a keyed
// Weyl sequence; it is meant for sampling and initial values, not for cryptography.
package rng

import (
	"hash/fnv"
	"math"
	"math/bits"
)

// State is all there is to save of a stream. It marshals to JSON.
type State struct {
	Seed    uint64 `json:"seed"`
	Stream  string `json:"stream"`
	Counter uint64 `json:"counter"`
}

// A Key stands for numbers that are not drawn one after another but asked for by their index, in any
// order and by any number of goroutines.
type Key uint64

// weyl is 2^64 over the golden ratio: the step of the sequence that mix scrambles.
const weyl = 0x9e3779b97f4a7c15

// NewKey returns the key of the stream of that name under a seed.
func NewKey(seed uint64, stream string) Key {
	h := fnv.New64a()
	h.Write([]byte(stream)) // a hash's Write never fails
	return Key(mix(seed ^ mix(h.Sum64())))
}

// Sub is the key of the n-th of many further streams.
func (k Key) Sub(n uint64) Key { return Key(mix(uint64(k) ^ mix(n*weyl+1))) }

// Uint64 is the n-th number, 64 uniform random bits; from 1 on those that a Stream draws.
func (k Key) Uint64(n uint64) uint64 { return mix(mix(uint64(k)+n*weyl) ^ uint64(k)) }

// A Stream draws numbers. It is not safe for concurrent use; give each goroutine its own name.
type Stream struct {
	state State
	key   Key
}

// New returns the stream of that name under a seed, at its beginning.
func New(seed uint64, stream string) *Stream { return Restore(State{Seed: seed, Stream: stream}) }

// Restore returns the stream that continues from a saved state.
func Restore(s State) *Stream { return &Stream{state: s, key: NewKey(s.Seed, s.Stream)} }

// State returns what Restore needs to continue from here.
func (s *Stream) State() State { return s.state }

// mix is a bijection of 64-bit numbers that flips each output bit with probability one half.
func mix(z uint64) uint64 {
	z ^= z >> 30
	z *= 0xbf58476d1ce4e5b9
	z ^= z >> 27
	z *= 0x94d049bb133111eb
	return z ^ z>>31
}

// Uint64 returns 64 uniform random bits.
func (s *Stream) Uint64() uint64 {
	s.state.Counter++
	return s.key.Uint64(s.state.Counter)
}

// Float64 returns a uniform number in [0, 1) with 53 random bits.
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// NormFloat64 returns a standard normal number (Box-Muller, two draws a number, so that the
// counter alone says where the stream stands).
func (s *Stream) NormFloat64() float64 {
	u := 1 - s.Float64() // in (0, 1]: its logarithm is finite
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*s.Float64())
}

// IntN returns a uniform integer in [0, n), by Lemire's multiplication with rejection, so without
// bias. It panics if n < 1.
func (s *Stream) IntN(n int) int {
	if n < 1 {
		panic("rng: IntN needs n of at least 1")
	}
	bound := uint64(n)
	hi, lo := bits.Mul64(s.Uint64(), bound)
	if lo < bound {
		for reject := -bound % bound; lo < reject; {
			hi, lo = bits.Mul64(s.Uint64(), bound)
		}
	}
	return int(hi)
}

// Perm returns a uniform random permutation of 0..n-1.
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := s.IntN(i + 1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}
