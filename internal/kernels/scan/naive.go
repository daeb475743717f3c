package scan

import "math"

// NaiveDiag is one channel of Diag by its definition, step by step in float64: the contract that Diag is
// tested against.
type NaiveDiag struct {
	A, B []float64 // [T]
	X0   float64
}

// Forward returns x [T].
func (s NaiveDiag) Forward() (x []float64) {
	x = make([]float64, len(s.A))
	last := s.X0
	for t, a := range s.A {
		last = a*last + s.B[t]
		x[t] = last
	}
	return x
}

// Backward returns the gradients of sum(dx * x): each dx_t reaches back through the products of a.
func (s NaiveDiag) Backward(dx []float64) (da, db []float64, dx0 float64) {
	x := s.Forward()
	da, db = make([]float64, len(x)), make([]float64, len(x))
	for t, g := range dx {
		for i := t; i >= 0; i-- { // g is dL/dx_t times a_{i+1} ... a_t
			before := s.X0
			if i > 0 {
				before = x[i-1]
			}
			da[i] += g * before
			db[i] += g
			g *= s.A[i]
		}
		dx0 += g
	}
	return da, db, dx0
}

// NaiveLogDiag is one channel of LogDiag by the solution of the recurrence, in float64: x_t is the sum of
// x_0 and of every exp(lb_s), each times the a that come after it.
type NaiveLogDiag struct {
	LA, LB []float64 // [T]
	LX0    float64
}

// terms returns the logarithms of the summands of x_t, that of x_0 first.
func (s NaiveLogDiag) terms(t int) []float64 {
	terms := make([]float64, t+2)
	product := 0.0
	for i := t; i >= 0; i-- {
		terms[i+1] = s.LB[i] + product
		product += s.LA[i]
	}
	terms[0] = s.LX0 + product
	return terms
}

// Forward returns lx [T].
func (s NaiveLogDiag) Forward() (lx []float64) {
	lx = make([]float64, len(s.LA))
	for t := range lx {
		terms := s.terms(t)
		largest, sum := math.Inf(-1), 0.0
		for _, x := range terms {
			largest = math.Max(largest, x)
		}
		if math.IsInf(largest, -1) {
			lx[t] = largest
			continue
		}
		for _, x := range terms {
			sum += math.Exp(x - largest)
		}
		lx[t] = largest + math.Log(sum)
	}
	return lx
}

// Backward returns the gradients of sum(dlx * lx): each summand of x_t passes its share to its own lb and
// to the la that come after it. A sum of zeros has no shares.
func (s NaiveLogDiag) Backward(dlx []float64) (dla, dlb []float64, dlx0 float64) {
	dla, dlb = make([]float64, len(dlx)), make([]float64, len(dlx))
	for t, lx := range s.Forward() {
		if math.IsInf(lx, -1) {
			continue
		}
		for i, x := range s.terms(t) {
			share := dlx[t] * math.Exp(x-lx)
			if i == 0 {
				dlx0 += share
			} else {
				dlb[i-1] += share
			}
			for j := i; j <= t; j++ {
				dla[j] += share
			}
		}
	}
	return dla, dlb, dlx0
}

// NaiveGated is one channel of Gated in float64: NaiveLogDiag with la_t = ln sigmoid(c_t) and lb_t = l_t.
type NaiveGated struct {
	C, L []float64 // [T]
	E0   float64   // ln x_0
}

func (s NaiveGated) logDiag() NaiveLogDiag {
	la := make([]float64, len(s.C))
	for t, c := range s.C {
		la[t] = -math.Log1p(math.Exp(-c))
	}
	return NaiveLogDiag{LA: la, LB: s.L, LX0: s.E0}
}

// Forward returns e = ln x [T].
func (s NaiveGated) Forward() (e []float64) { return s.logDiag().Forward() }

// Backward returns the gradients of sum(de * e).
func (s NaiveGated) Backward(de []float64) (dc, dl []float64) {
	dc, dl, _ = s.logDiag().Backward(de)
	for t, c := range s.C {
		dc[t] /= 1 + math.Exp(c) // times sigmoid(-c), the slope of ln sigmoid
	}
	return dc, dl
}
