package rng

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"testing"
)

func ExampleStream() {
	a := New(1, "data")
	a.Uint64()
	b := Restore(a.State())
	fmt.Println(a.Uint64() == b.Uint64(), a.IntN(10) == b.IntN(10))
	// Output: true true
}

// TestMoments holds the first moments of each distribution against their exact values, within five
// standard errors.
func TestMoments(t *testing.T) {
	const n = 200000
	tail := 5 / math.Sqrt(n)
	for _, c := range []struct {
		name     string
		draw     func(s *Stream) float64
		mean, sd float64
	}{
		{"uniform", (*Stream).Float64, 0.5, math.Sqrt(1.0 / 12)},
		{"normal", (*Stream).NormFloat64, 0, 1},
		{"normal squared", func(s *Stream) float64 { x := s.NormFloat64(); return x * x }, 1, math.Sqrt2},
		{"die", func(s *Stream) float64 { return float64(s.IntN(6)) }, 2.5, math.Sqrt(35.0 / 12)},
	} {
		s, sum := New(7, c.name), 0.0
		for range n {
			sum += c.draw(s)
		}
		if d := sum/n - c.mean; math.Abs(d) > tail*c.sd {
			t.Errorf("%s: mean is off by %g", c.name, d)
		}
	}
}

// TestStreamsAreIndependent counts how many bits differ between streams that differ in one thing.
func TestStreamsAreIndependent(t *testing.T) {
	base := New(1, "a")
	for _, other := range []*Stream{New(2, "a"), New(1, "b"), Restore(State{Seed: 1, Stream: "a", Counter: 1})} {
		same := 0
		for range 1000 {
			if base.Uint64() == other.Uint64() {
				same++
			}
		}
		if same > 0 {
			t.Errorf("stream %+v repeats %d of 1000 numbers", other.State(), same)
		}
	}
}

func TestStateSurvivesJSON(t *testing.T) {
	s := New(math.MaxUint64, "train")
	s.Perm(100)
	text, err := json.Marshal(s.State())
	if err != nil {
		t.Fatal(err)
	}
	var back State
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if r := Restore(back); r.Uint64() != s.Uint64() {
		t.Error("a restored stream draws other numbers")
	}
}

func TestPermIsAPermutation(t *testing.T) {
	for n := range 40 {
		seen := make([]bool, n)
		for _, i := range New(3, "perm").Perm(n) {
			if seen[i] {
				t.Fatalf("n = %d: %d twice", n, i)
			}
			seen[i] = true
		}
	}
}

// TestKeys: a key gives the numbers of its stream by index, and neighbouring substreams share none of
// their bits more than by chance.
func TestKeys(t *testing.T) {
	stream, key := New(5, "mask"), NewKey(5, "mask")
	for n := uint64(1); n <= 100; n++ {
		if got, want := key.Uint64(n), stream.Uint64(); got != want {
			t.Fatalf("number %d is %#x, the stream draws %#x", n, got, want)
		}
	}
	const n = 20000
	for _, other := range []Key{key, key.Sub(1), key.Sub(0).Sub(0), NewKey(5, "masks").Sub(0)} {
		differ := 0
		for i := range uint64(n) {
			differ += bits.OnesCount64(key.Sub(0).Uint64(i) ^ other.Uint64(i))
		}
		if d := math.Abs(float64(differ) - 32*n); d > 5*math.Sqrt(16*n) {
			t.Errorf("keys %#x and %#x differ in %d of %d bits", key.Sub(0), other, differ, 64*n)
		}
	}
}
