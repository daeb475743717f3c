package kernels

import "math"

// SoftmaxWeight is the weight of a score in softmax attention, and its derivative. Scores beyond 700 overflow.
func SoftmaxWeight(s float64) (w, slope float64) { return math.Exp(s), math.Exp(s) }
