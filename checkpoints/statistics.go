package checkpoints

import (
	"errors"
	"io"
	"math"
)

// Statistics are those of the finite numbers of a tensor; of C64 they are over the real and imaginary parts.
type Statistics struct {
	Mean, Deviation, Smallest, Largest float64 // NaN: not known, or there is no finite number
	RMS                                float64 // root mean square, likewise
	NonFinite                          int     // numbers that are NaN or infinite
}

// Statistics reads a tensor through. Of one whose numbers cannot be decoded, nothing is known.
func (t *TensorFile) Statistics(name string) (Statistics, error) {
	unknown := Statistics{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), 0}
	v, err := t.Values(name)
	if errors.Is(err, ErrMismatch) {
		return unknown, nil
	}
	s := sums{smallest: math.Inf(1), largest: math.Inf(-1)}
	for err == nil {
		var chunk []Value
		if chunk, err = v.Next(); err == nil {
			s.add(chunk)
		}
	}
	unknown.NonFinite = s.nonfinite
	if !errors.Is(err, io.EOF) {
		return unknown, err
	} else if s.n == 0 {
		return unknown, nil
	}
	deviation := math.Sqrt(s.squares / s.n)
	return Statistics{s.mean, deviation, s.smallest, s.largest, math.Hypot(s.mean, deviation), s.nonfinite}, nil
}

// sums are what Statistics are computed from.
type sums struct {
	n, mean, squares  float64 // squares: the sum of the squared distances from the mean
	smallest, largest float64
	nonfinite         int
}

func (s *sums) add(chunk []Value) {
	for _, v := range chunk {
		x := v.Hi
		if math.IsNaN(x) || math.IsInf(x, 0) {
			s.nonfinite++
			continue
		}
		s.n++
		s.smallest, s.largest = min(s.smallest, x), max(s.largest, x)
		step := x - s.mean // Welford's recurrence: no cancellation
		s.mean += step / s.n
		s.squares += step * (x - s.mean)
	}
}
