package main

import (
	"errors"
	"fmt"
	"io"
	"math"

	"goomtrain/checkpoints"
)

// statistics of the finite numbers of a tensor; of C64 they are over the real and imaginary parts.
type statistics struct {
	n                                  float64
	mean, deviation, smallest, largest float64 // NaN: not known
	nonfinite                          int
}

// measure reads a tensor through. Of one that cannot be decoded nothing is known.
func measure(file *checkpoints.TensorFile, name string) (statistics, error) {
	s := statistics{smallest: math.Inf(1), largest: math.Inf(-1)}
	squares := 0.0
	v, err := values(file, name)
	for v != nil && err == nil {
		var chunk []checkpoints.Value
		if chunk, err = v.Next(); err == nil {
			squares = s.add(chunk, squares)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if s.n == 0 || err != nil {
		return statistics{0, math.NaN(), math.NaN(), math.NaN(), math.NaN(), s.nonfinite}, err
	}
	s.deviation = math.Sqrt(squares / s.n)
	return s, nil
}

// add takes numbers in and returns the sum of the squared distances from the mean, which was squares
// before.
func (s *statistics) add(chunk []checkpoints.Value, squares float64) float64 {
	for _, v := range chunk {
		x := v.Hi
		if !finite(x) {
			s.nonfinite++
			continue
		}
		s.n++
		s.smallest, s.largest = min(s.smallest, x), max(s.largest, x)
		step := x - s.mean // Welford's recurrence: no cancellation
		s.mean += step / s.n
		squares += step * (x - s.mean)
	}
	return squares
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// row is the statistics as cells.
func (s statistics) row() string {
	bad := "-"
	if s.nonfinite > 0 {
		bad = fmt.Sprint(s.nonfinite)
	}
	return fmt.Sprintf("\t%s\t%s\t%s\t%s\t%s", number(s.mean), number(s.deviation), number(s.smallest), number(s.largest), bad)
}
