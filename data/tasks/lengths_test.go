package tasks

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/rng"
)

// TestLengths: every length that a task allows in the range is drawn equally often, and a shorter sequence is one of
// its length, with 0 and targets of -1 behind it.
func TestLengths(t *testing.T) {
	for name, task := range defaults() {
		s := build(t, task, 48)
		if !s.Varies() {
			t.Errorf("%s: its lengths do not vary", name)
			continue
		}
		if err := s.From(s.Shortest + 1); err != nil {
			t.Fatal(err)
		}
		if s.from != s.Shortest+s.Step {
			t.Errorf("%s: from %d positions on, want %d", name, s.from, s.Shortest+s.Step)
		}
		if text := s.String(); !strings.HasPrefix(text, fmt.Sprintf("seq %d:48, ", s.from)) {
			t.Errorf("%s: %s", name, text)
		}
		longest := s.Within(47)
		if longest > 47 || longest+s.Step <= 47 || s.Within(1) != s.from || s.Within(1000) != 48 {
			t.Errorf("%s: within 47, 1 and 1000 positions: %d, %d, %d", name, longest, s.Within(1), s.Within(1000))
		}
		counts := map[int]int{}
		r, in, out := rng.New(6, name), make([]int32, longest), make([]int32, longest)
		const draws = 400
		for range draws {
			for i := range in {
				in[i], out[i] = 1<<30, 1<<30
			}
			before := *r
			s.Fill(r, in, out)
			n := s.from + s.Step*before.IntN((longest-s.from)/s.Step+1) // the first number drawn decides the length
			counts[n]++
			own := build(t, task, n)
			want, targets := make([]int32, n), make([]int32, n)
			own.Fill(&before, want, targets)
			if !slices.Equal(in[:n], want) || !slices.Equal(out[:n], targets) {
				t.Fatalf("%s: the beginning of %v, %v is not a sequence of %d positions", name, in, out, n)
			}
			for i := n; i < longest; i++ {
				if in[i] != 0 || out[i] != -1 {
					t.Fatalf("%s: %v, %v behind the end at %d", name, in, out, n)
				}
			}
		}
		lengths := (longest-s.from)/s.Step + 1
		mean := draws / float64(lengths)
		for n, count := range counts {
			if (n-s.from)%s.Step != 0 || math.Abs(float64(count)-mean) > 6*math.Sqrt(mean)+1 {
				t.Errorf("%s: length %d is drawn %d times, want %.1f", name, n, count, mean)
			}
		}
	}
}

// TestOneLength: tasks that do not say so have no other lengths.
func TestOneLength(t *testing.T) {
	s := build(t, &Copy{Delay: 9}, 0)
	if err := s.From(20); err == nil || !strings.Contains(err.Error(), "-seq 20:29: with these settings all sequences have 29 positions") {
		t.Error(err)
	}
	if _, err := s.At(64); err == nil || !strings.Contains(err.Error(), "sequences of 64 positions: with these settings all have 29") {
		t.Error(err)
	}
	if s, err := build(t, &Copy{}, 0).At(64); err != nil || s.Len != 64 {
		t.Errorf("%v, error %v", s, err)
	}
}

// TestDelays: a range of delays is drawn from uniformly, blanks that do not count follow.
func TestDelays(t *testing.T) {
	s := build(t, &Copy{MinDelay: 3, Delay: 8, Symbols: 2, Alphabet: 4}, 0)
	if s.Len != 12 || s.String() != "seq 12, delay 3:8, symbols 2, alphabet 4, vocabulary 6" {
		t.Errorf("%v", s)
	}
	r, in, out := rng.New(1, "delays"), make([]int32, 12), make([]int32, 12)
	counts := make([]int, 9)
	const draws = 6000
	for range draws {
		s.Fill(r, in, out)
		delay := slices.Index(in, 5) - 1
		counts[delay]++
		if !slices.Equal(out[2+delay:4+delay], in[:2]) || slices.Max(out[:2+delay]) != -1 || slices.Max(append(out[4+delay:], -1)) != -1 {
			t.Fatalf("inputs %v, targets %v", in, out)
		}
	}
	for delay, n := range counts {
		if delay < 3 && n > 0 || delay >= 3 && math.Abs(float64(n)-1000) > 180 {
			t.Errorf("delay %d: %d times", delay, n)
		}
	}
}
