package sampling

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// echo is a stream whose next token is always one more than the last, modulo 5.
type echo struct {
	read []int32
	fail int // from that many tokens on
}

func (e *echo) Append(tokens []int32) ([]float64, error) {
	e.read = append(e.read, tokens...)
	if e.fail > 0 && len(e.read) >= e.fail {
		return nil, errors.New("the state is gone")
	}
	logits := make([]float64, 5)
	logits[(e.read[len(e.read)-1]+1)%5] = 9
	return logits, nil
}

// TestGenerate: every token is fed back once, and the text goes on from the logits returned.
func TestGenerate(t *testing.T) {
	s, err := New[float64](Config{TopP: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, got := &echo{}, []int32(nil)
	logits, err := e.Append([]int32{3})
	if err != nil {
		t.Fatal(err)
	}
	collect := func(token int32) error { got = append(got, token); return nil }
	for _, n := range []int{4, 0, 2} {
		if logits, err = Generate(e, logits, s, n, collect); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int32{4, 0, 1, 2, 3, 4}; !slices.Equal(got, want) || !slices.Equal(e.read, append([]int32{3}, want...)) {
		t.Errorf("wrote %v, read %v", got, e.read)
	}
	full := errors.New("no more paper")
	if _, err := Generate(e, logits, s, 3, func(int32) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v, want that of emit", err)
	}
	if _, err := Generate(&echo{fail: 2}, logits, s, 5, collect); err == nil || !strings.Contains(err.Error(), "token 2: the state is gone") {
		t.Errorf("error %v", err)
	}
}
