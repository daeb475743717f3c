package rng

import (
	"encoding/json"
	"math"
	"math/bits"
	"slices"
	"testing"
)

// The truth here: the same functions in Python's integers. Saved states must give the same numbers for ever.
func TestKnownNumbers(t *testing.T) {
	for _, c := range []struct {
		seed   uint64
		stream string
		want   [5]uint64 // at 0, 1, 2, 2^40 and 2^64-1
		sub    Key       // Sub(7)
		deep   uint64    // number 5 of Sub(7).Sub(3)
	}{
		{0, "", [5]uint64{0x1a488e4fda12cdd0, 0x6097225129906405, 0x758da09341a3dc30, 0x60dd825499545cf1, 0x4ea5f2e466e5e5a6}, 0x337e507f315abacb, 0x79061d25878a88c},
		{1, "data", [5]uint64{0x85332d6e5aca7527, 0x43d64bc071dfd06d, 0xb8046d1c7bd05c9d, 0x26cd3d117596e760, 0x191c92b74b2b8f5b}, 0x93b318a8fa605216, 0x3e0888509a669b75},
		{math.MaxUint64, "train/é", [5]uint64{0x5eeb8b4a34b196cf, 0x38999ed90f8f7ab2, 0xf7bfd0eba57a9ce1, 0xf9dea9c111c1177d, 0x30d201e99a6dd88a}, 0xe17445fb293fdfdc, 0x598baf3f363c68c2},
	} {
		key := NewKey(c.seed, c.stream)
		for i, n := range []uint64{0, 1, 2, 1 << 40, math.MaxUint64} {
			if got := key.Uint64(n); got != c.want[i] {
				t.Errorf("seed %d, stream %q: number %d is %#x, want %#x", c.seed, c.stream, n, got, c.want[i])
			}
		}
		if got := key.Sub(7); got != c.sub {
			t.Errorf("seed %d, stream %q: substream 7 is %#x, want %#x", c.seed, c.stream, got, c.sub)
		}
		if got := key.Sub(7).Sub(3).Uint64(5); got != c.deep {
			t.Errorf("seed %d, stream %q: number 5 of substream 7, 3 is %#x, want %#x", c.seed, c.stream, got, c.deep)
		}
	}
	s := New(1, "data")
	for i, want := range []float64{0.2649886460147848, 0.7188175386943966, 0.017345448706805766} {
		if got := s.Float64(); got != want {
			t.Errorf("Float64 number %d is %v, want %v", i, got, want)
		}
	}
	for i, want := range []float64{-2.245440655122824, -1.2167192417608745, -1.1709799542757129} {
		if got := s.NormFloat64(); !(math.Abs(got-want) < 1e-13) {
			t.Errorf("NormFloat64 number %d is %v, want %v", i, got, want)
		}
	}
	for i, c := range []struct{ n, want int }{
		{1, 0}, {6, 5}, {1000, 325}, {3 << 61, 5529792852193876412}, {3 << 61, 6660724470229564414}, {3 << 61, 135129211475672469}, {3 << 61, 3487835572086170477},
		{math.MaxInt64, 8689633436058071260},
	} {
		if got := s.IntN(c.n); got != c.want {
			t.Errorf("IntN number %d, of %d, is %d, want %d", i, c.n, got, c.want)
		}
	}
	if got, want := s.Perm(6), []int{3, 0, 2, 4, 1, 5}; !slices.Equal(got, want) || s.State().Counter != 26 {
		t.Errorf("Perm gives %v after %d draws, want %v after 26", got, s.State().Counter, want)
	}
}

// TestIntNIsUniform: of 3 * 2^61 integers, without rejection those that leave 0 or 1 when divided by 3 would come half as
// often again as the others.
func TestIntNIsUniform(t *testing.T) {
	const n, draws = 3 << 61, 30000
	s, counts := New(1, "bias"), [3]int{}
	for range draws {
		counts[s.IntN(n)%3]++
	}
	for rest, c := range counts { // standard deviation 82
		if c < draws/3-400 || c > draws/3+400 {
			t.Errorf("%d of %d integers leave %d when divided by 3, want about %d", c, draws, rest, draws/3)
		}
	}
	for _, n := range []int{0, -1, math.MinInt64} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("IntN(%d): no panic", n)
				}
			}()
			s.IntN(n)
		}()
	}
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
		if d := sum/n - c.mean; !(math.Abs(d) <= tail*c.sd) {
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

// TestKeys: a key gives the numbers of its stream by index, and neighboring substreams share none of
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
