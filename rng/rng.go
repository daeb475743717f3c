package rng

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
)

// State is what Restore needs to continue a stream. It marshals to JSON.
type State struct {
	Seed    uint64 `json:"seed"`
	Stream  string `json:"stream"`
	Counter uint64 `json:"counter"`
}

// A Key gives the numbers of a stream by their index, in any order and from any number of goroutines.
type Key uint64

// weyl is 2^64 divided by the golden ratio: the step of the sequence that mix scrambles.
const weyl = 0x9e3779b97f4a7c15

// NewKey returns the key of the stream of that name under a seed.
func NewKey(seed uint64, stream string) Key {
	h := fnv.New64a()
	h.Write([]byte(stream)) // a hash's Write never fails
	return Key(mix(seed ^ mix(h.Sum64())))
}

// Sub returns the key of the n-th substream, such as one for each row of a batch.
func (k Key) Sub(n uint64) Key { return Key(mix(uint64(k) ^ mix(n*weyl+1))) }

// Uint64 returns the n-th number, 64 uniform random bits. A Stream draws the numbers 1, 2, 3, ...
func (k Key) Uint64(n uint64) uint64 { return mix(mix(uint64(k)+n*weyl) ^ uint64(k)) }

// A Stream draws one number after another. It is not safe for concurrent use: give each goroutine a stream of its own.
type Stream struct {
	state State
	key   Key
}

// New returns the stream of that name under a seed, before its first number.
func New(seed uint64, stream string) *Stream { return Restore(State{Seed: seed, Stream: stream}) }

// Restore returns a stream that continues from a saved state.
func Restore(s State) *Stream { return &Stream{state: s, key: NewKey(s.Seed, s.Stream)} }

// State returns the stream's present state, for Restore.
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

// NormFloat64 returns a standard normal number by the transform of Box and Muller. It keeps no second number for the
// next call, so that the counter alone is the state; it draws two uniform numbers at each call.
func (s *Stream) NormFloat64() float64 {
	u := 1 - s.Float64() // in (0, 1]: its logarithm is finite
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*s.Float64())
}

// IntN returns a uniform integer in [0, n), without bias: Lemire's multiplication with rejection. It panics if n < 1.
func (s *Stream) IntN(n int) int {
	if n < 1 {
		panic(fmt.Sprintf("rng: IntN(%d), want at least 1", n))
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
