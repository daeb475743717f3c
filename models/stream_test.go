package models

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/rng"
)

// TestStreamEqualsWhole: reading token by token, in pieces, or after a restored state gives the logits
// of the whole sequence.
func TestStreamEqualsWhole(t *testing.T) {
	eachPredicting(t, func(t *testing.T, c Config) { streamEqualsWhole(t, build[float64](t, c)) })
}

// streamEqualsWhole reads a sequence in random pieces. After each the state moves to a new stream.
func streamEqualsWhole(t *testing.T, m *Model[float64]) {
	t.Helper()
	const length = 200
	tokens, _ := text(1, length, m.Vocab())
	whole := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
	check := func(got []float64, read int) {
		t.Helper()
		for i, v := range got {
			if want := whole[(read-1)*m.Vocab()+i]; math.Abs(v-want) > 1e-10 {
				t.Fatalf("after %d tokens: logit %d is %v, want %v", read, i, v, want)
			}
		}
	}
	s, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	r := rng.New(1, "pieces")
	for read := 0; read < length; {
		n := min(length-read, 1+r.IntN(90))
		got, err := s.Append(tokens[read : read+n])
		if err != nil {
			t.Fatal(err)
		}
		read += n
		check(got, read)
		var saved []params.Array // a copy outlives the old stream's further use
		for _, a := range s.State() {
			saved = append(saved, clone(a))
		}
		s.Reset()
		if _, err := s.Append(tokens[:3]); err != nil {
			t.Fatal(err)
		}
		if s, err = m.NewStream(); err != nil {
			t.Fatal(err)
		}
		if err := s.Restore(saved); err != nil {
			t.Fatal(err)
		}
	}
	s.Reset()
	got, err := s.Append(tokens[:1])
	if err != nil {
		t.Fatal(err)
	}
	check(got, 1)
}

func clone(a params.Array) params.Array {
	switch d := a.Data.(type) {
	case []float64:
		a.Data = append([]float64(nil), d...)
	case []int64:
		a.Data = append([]int64(nil), d...)
	case []uint8:
		a.Data = append([]uint8(nil), d...)
	case []int32:
		a.Data = append([]int32(nil), d...)
	default:
		panic(fmt.Sprintf("state of type %T", d))
	}
	return a
}

// TestCausal: a token changes no logits before it by more than rounding: chunks of log-exp attention are
// scaled by their largest key, which may be that token's.
func TestCausal(t *testing.T) {
	eachPredicting(t, func(t *testing.T, c Config) {
		const length, changed = 40, 23
		m := build[float64](t, c)
		tokens, _ := text(1, length, c.Common().Vocab)
		before := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
		tokens[changed] = (tokens[changed] + 1) % int32(c.Common().Vocab)
		after := logitsOf(t, m, layers.NewStates(), tokens, 1, length, 0, length)
		for i := range before {
			differs := math.Abs(before[i]-after[i]) > 1e-12
			if at := i / c.Common().Vocab; at < changed && differs {
				t.Fatalf("position %d sees token %d", at, changed)
			} else if at == length-1 && differs {
				return // and the last position does see it
			}
		}
		t.Error("the last position does not see the token")
	})
}

func TestBadStreams(t *testing.T) {
	m := build[float32](t, smallest(t, "goom-rnn"))
	s, err := m.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	for _, tokens := range [][]int32{nil, {17}, {1, -1}} {
		if _, err := s.Append(tokens); err == nil {
			t.Errorf("tokens %v: no error", tokens)
		}
	}
	good := s.State()
	for name, state := range map[string][]params.Array{
		"fewer":         good[1:],
		"another name":  append([]params.Array{{Name: "x", Shape: good[0].Shape, Data: good[0].Data}}, good[1:]...),
		"another shape": append([]params.Array{{Name: good[0].Name, Shape: []int{1}, Data: good[0].Data}}, good[1:]...),
		"another type":  append([]params.Array{{Name: good[0].Name, Shape: good[0].Shape, Data: []int32{}}}, good[1:]...),
	} {
		if err := s.Restore(state); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestRestoredPositions: positions outside the context end a stream by an error.
func TestRestoredPositions(t *testing.T) {
	c := smallest(t, "softmax-attention")
	set(t, c, "positions", "learned", "context", "32")
	s, err := build[float32](t, c).NewStream()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.State() {
		if next, ok := a.Data.([]int64); ok && strings.Contains(a.Name, "position") {
			for _, bad := range []int64{-5, 33, math.MaxInt64, math.MinInt64} {
				next[0] = bad
				if _, err := s.Append([]int32{1}); err == nil {
					t.Errorf("position %d: no error", bad)
				}
			}
			return
		}
	}
	t.Error("the state has no position")
}
