package tasks

import (
	"math"
	"strings"
	"testing"

	"goomtrain/rng"
)

// TestMQARLayout: the pairs come first, no key or value twice, from the halves of the vocabulary; each key is asked for
// once, at an even position behind them.
func TestMQARLayout(t *testing.T) {
	for _, filler := range []string{"random", "zero"} {
		s := build(t, &MQAR{Pairs: 6, Alphabet: 20, Filler: filler}, 40)
		r, in, out := rng.New(1, filler), make([]int32, 40), make([]int32, 40)
		zeros, rest := 0, 0
		for range 2000 {
			s.Fill(r, in, out)
			values, seen := map[int32]int32{}, map[int32]bool{}
			for i := 0; i < 12; i += 2 {
				key, v := in[i], in[i+1]
				if key < 1 || key >= 10 || v < 10 || v >= 20 || seen[key] || seen[v] || out[i] != -1 || out[i+1] != -1 {
					t.Fatalf("%s: pair %d of %v", filler, i/2, in)
				}
				values[key], seen[key], seen[v] = v, true, true
			}
			for i := 12; i < 40; i++ {
				if out[i] == -1 {
					if rest++; in[i] == 0 {
						zeros++
					}
					continue
				}
				if v, ok := values[in[i]]; !ok || v != out[i] || i%2 != 0 {
					t.Fatalf("%s: position %d of %v, targets %v", filler, i, in, out)
				}
				delete(values, in[i])
			}
			if len(values) > 0 {
				t.Fatalf("%s: keys without a query: %v in %v", filler, values, in)
			}
		}
		if share := float64(zeros) / float64(rest); filler == "zero" && share != 1 || filler == "random" && math.Abs(share-0.05) > 0.005 {
			t.Errorf("%s: %.3f of the other positions are 0", filler, share)
		}
	}
}

// TestMQARPairs: a range of pairs is drawn from uniformly, as far as the sequence has room; validation at a length has
// as many pairs as fit.
func TestMQARPairs(t *testing.T) {
	s := build(t, &MQAR{MinPairs: 2, Pairs: 6, Alphabet: 40}, 24)
	if got := s.String(); got != "seq 24, pairs 2:6, alphabet 40, filler \"random\", vocabulary 40" {
		t.Error(got)
	}
	if err := s.From(8); err != nil {
		t.Fatal(err)
	}
	r := rng.New(1, "pairs")
	for _, c := range []struct{ length, most int }{{8, 2}, {18, 4}, {24, 6}} {
		in, out := make([]int32, c.length), make([]int32, c.length)
		counts := make([]int, 7)
		const draws = 3000
		for range draws {
			s.Draw(r, in, out)
			n := 0
			for _, x := range out {
				if x >= 0 {
					n++
				}
			}
			counts[n]++
		}
		for n, times := range counts {
			want := 0.0
			if n >= 2 && n <= c.most {
				want = draws / float64(c.most-1)
			}
			if math.Abs(float64(times)-want) > 0.2*want {
				t.Errorf("length %d: %d pairs %d times, want about %.0f", c.length, n, times, want)
			}
		}
	}
	for length, want := range map[int]string{8: "pairs 2", 16: "pairs 4", 48: "pairs 6"} {
		at, err := s.At(length)
		if err != nil || !strings.Contains(at.String(), want+",") {
			t.Errorf("at %d positions: %v, error %v, want %s", length, at, err, want)
		}
	}
	if at, err := s.Stretch(2); err != nil || !strings.Contains(at.String(), "seq 48, pairs 6,") {
		t.Errorf("%v, error %v", at, err)
	}
}

// TestMQARGaps holds the places of the queries against the power law: of one pair exactly, of two pairs the first
// place by the law and the second by what is left of it.
func TestMQARGaps(t *testing.T) {
	const length, draws = 44, 200000
	for pairs := 1; pairs <= 2; pairs++ {
		s := build(t, &MQAR{Pairs: pairs, Alphabet: 50}, length)
		places := (length - 2*pairs) / 2
		law, total := make([]float64, places), 0.0
		for i := range law {
			law[i] = math.Pow(float64(i+1), 0.01-1)
			total += law[i]
		}
		want := make([]float64, places) // probability that the last pair is asked for at this place
		for i := range law {
			if pairs == 1 {
				want[i] = law[i] / total
				continue
			}
			for first := range law {
				if first != i {
					want[i] += law[first] / total * law[i] / (total - law[first])
				}
			}
		}
		r, in, out := rng.New(4, "gaps"), make([]int32, length), make([]int32, length)
		counts := make([]int, places)
		for range draws {
			s.Fill(r, in, out)
			last := in[2*pairs-1] // its value
			for i, x := range out {
				if x == last {
					counts[(i-2*pairs)/2]++
				}
			}
		}
		for i, n := range counts {
			mean := want[i] * draws
			if math.Abs(float64(n)-mean) > 5.5*math.Sqrt(mean) {
				t.Errorf("%d pairs: place %d is drawn %d times, want %.0f", pairs, i, n, mean)
			}
		}
	}
}
