package lyapunov

import "fmt"

// A System is a map, or a flow with a time step. For a flow F and DF are dx/dt and its derivative, and a step
// is one of classical Runge-Kutta; for a map (Dt = 1, Map set) they are the next state and its derivative.
type System struct {
	Name  string
	Dim   int
	Dt    float64
	Map   bool
	Start []float64              // a point from which the attractor is reached
	F     func(dst, x []float64) // [d]
	DF    func(jac, x []float64) // [d, d], jac_ij = dF_i/dx_j
	Known []float64              // exponents, where the literature has them; NaN where it has not
	work  struct{ k, y, a, b, c, m []float64 }
}

// Step replaces x by the next state and writes the Jacobian of the step, unless jac is nil. It is not safe for
// concurrent use.
func (s *System) Step(x, jac []float64) {
	d := s.Dim
	if len(x) != d || (jac != nil && len(jac) != d*d) {
		panic(fmt.Sprintf("lyapunov: a step of %s, dimension %d: x has %d numbers, jac %d", s.Name, d, len(x), len(jac)))
	}
	w := &s.work
	if w.k == nil {
		w.k, w.y = make([]float64, 4*d), make([]float64, d)
		w.a, w.b, w.c, w.m = make([]float64, d*d), make([]float64, d*d), make([]float64, d*d), make([]float64, d*d)
	}
	if s.Map {
		if jac != nil {
			s.DF(jac, x)
		}
		s.F(w.y, x)
		copy(x, w.y)
		return
	}
	s.rungeKutta(x, jac)
}

// rungeKutta is a step of order 4 and its exact derivative: with K_i the derivative of stage i,
//
//	k_i = F(x + c_i dt k_{i-1})    K_i = DF(...) (I + c_i dt K_{i-1})    c = 0, 1/2, 1/2, 1
//	x += dt/6 (k_1 + 2 k_2 + 2 k_3 + k_4), J = I + dt/6 (K_1 + 2 K_2 + 2 K_3 + K_4)
func (s *System) rungeKutta(x, jac []float64) {
	d, w := s.Dim, &s.work
	if jac != nil {
		clear(jac)
		for i := range d {
			jac[i*d+i] = 1
		}
	}
	for stage, c := range [4]float64{0, 0.5, 0.5, 1} {
		copy(w.y, x)
		if stage > 0 {
			for i, k := range w.k[(stage-1)*d : stage*d] {
				w.y[i] += c * s.Dt * k
			}
		}
		s.F(w.k[stage*d:(stage+1)*d], w.y)
		if jac == nil {
			continue
		}
		s.DF(w.a, w.y)
		derivative := w.a
		if stage > 0 {
			for i, k := range w.b { // b is K of the stage before
				w.m[i] = c * s.Dt * k
			}
			for i := range d {
				w.m[i*d+i]++
			}
			multiply(w.c, w.a, w.m, d)
			derivative = w.c
		}
		weight := s.Dt / 6
		if stage == 1 || stage == 2 {
			weight = s.Dt / 3
		}
		for i, k := range derivative {
			jac[i] += weight * k
		}
		copy(w.b, derivative)
	}
	for i := range x {
		x[i] += s.Dt / 6 * (w.k[i] + 2*w.k[d+i] + 2*w.k[2*d+i] + w.k[3*d+i])
	}
}

// multiply is c = a b, skipping zeros of a: derivatives of lattices are sparse.
func multiply(c, a, b []float64, d int) {
	clear(c)
	for i := range d {
		for k := range d {
			if v := a[i*d+k]; v != 0 {
				row := b[k*d:][:d]
				out := c[i*d:][:d]
				for j, y := range row {
					out[j] += v * y
				}
			}
		}
	}
}

// Orbit discards skip steps from Start and calls use with the Jacobians of the next n, in lists of at most
// batch. It stops at use's first error.
func (s *System) Orbit(skip, n, batch int, use func(jac []float64) error) error {
	x := append([]float64(nil), s.Start...)
	for range skip {
		s.Step(x, nil)
	}
	size := s.Dim * s.Dim
	jac := make([]float64, min(batch, n)*size)
	for done := 0; done < n; {
		m := min(batch, n-done)
		for i := range m {
			s.Step(x, jac[i*size:][:size])
		}
		if err := use(jac[:m*size]); err != nil {
			return err
		}
		done += m
	}
	return nil
}
