package scan

import "math"

// NaiveGated is Gated by its solution, for one channel and in float64: x_t is the sum of x_0 and of
// every exp(l_s), each times the decays that came after it.
type NaiveGated struct {
	C, L  []float64 // [T]
	Start float64   // e_0
}

// terms are the logarithms of the summands of x_t, that of x_0 first.
func (s NaiveGated) terms(t int) []float64 {
	terms := make([]float64, t+2)
	decay := 0.0
	for i := t; i >= 0; i-- {
		terms[i+1] = s.L[i] + decay
		decay += -math.Log1p(math.Exp(-s.C[i]))
	}
	terms[0] = s.Start + decay
	return terms
}

// Forward returns e [T].
func (s NaiveGated) Forward() []float64 {
	e := make([]float64, len(s.C))
	for t := range e {
		terms := s.terms(t)
		largest, sum := math.Inf(-1), 0.0
		for _, x := range terms {
			largest = math.Max(largest, x)
		}
		for _, x := range terms {
			sum += math.Exp(x - largest)
		}
		e[t] = largest + math.Log(sum)
	}
	return e
}

// Backward returns the gradients of sum(de * e): each summand of x_t passes its share to its own l and to
// the decays after it.
func (s NaiveGated) Backward(de []float64) (dc, dl []float64) {
	dc, dl = make([]float64, len(de)), make([]float64, len(de))
	for t, e := range s.Forward() {
		for i, x := range s.terms(t) {
			share := de[t] * math.Exp(x-e)
			if i > 0 {
				dl[i-1] += share
			}
			for j := i; j <= t; j++ { // the decays of times i..t, counted from 0, multiply summand i
				dc[j] += share / (1 + math.Exp(s.C[j]))
			}
		}
	}
	return dc, dl
}
