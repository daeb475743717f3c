package scan

// NaiveDiag is Diag of one channel in float64, step by step.
type NaiveDiag struct {
	A, B  []float64 // [T]
	Start float64   // x_0
}

// Forward returns x [T].
func (s NaiveDiag) Forward() []float64 {
	x := make([]float64, len(s.A))
	last := s.Start
	for t, a := range s.A {
		last = a*last + s.B[t]
		x[t] = last
	}
	return x
}

// Backward returns the gradients of sum(dx * x): each dx_t reaches back through the products of a.
func (s NaiveDiag) Backward(dx []float64) (da, db []float64, dstart float64) {
	x := s.Forward()
	da, db = make([]float64, len(x)), make([]float64, len(x))
	for t, g := range dx {
		for i := t; i >= 0; i-- { // g is dL/dx_t times a_{i+1} ... a_t
			before := s.Start
			if i > 0 {
				before = x[i-1]
			}
			da[i] += g * before
			db[i] += g
			g *= s.A[i]
		}
		dstart += g
	}
	return da, db, dstart
}
