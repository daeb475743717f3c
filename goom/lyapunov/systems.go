package lyapunov

import (
	"fmt"
	"math"
)

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

// Lorenz is the flow of 1963, sigma = 10, rho = 28, beta = 8/3. Known: Sprott, Chaos and Time-Series
// Analysis (2003).
func Lorenz() *System {
	const sigma, rho, beta = 10.0, 28.0, 8.0 / 3.0
	return &System{
		Name: "Lorenz", Dim: 3, Dt: 0.01, Start: []float64{1, 1, 1}, Known: []float64{0.9056, 0, -14.5723},
		F: func(y, x []float64) {
			y[0] = sigma * (x[1] - x[0])
			y[1] = x[0]*(rho-x[2]) - x[1]
			y[2] = x[0]*x[1] - beta*x[2]
		},
		DF: func(j, x []float64) {
			copy(j, []float64{-sigma, sigma, 0, rho - x[2], -1, -x[0], x[1], x[0], -beta})
		},
	}
}

// Rossler is the flow of 1976, a = b = 0.2, c = 5.7. Known: Sprott (2003).
func Rossler() *System {
	const a, b, c = 0.2, 0.2, 5.7
	return &System{
		Name: "Rössler", Dim: 3, Dt: 0.05, Start: []float64{1, 1, 0}, Known: []float64{0.0714, 0, -5.3943},
		F: func(y, x []float64) {
			y[0] = -x[1] - x[2]
			y[1] = x[0] + a*x[1]
			y[2] = b + x[2]*(x[0]-c)
		},
		DF: func(j, x []float64) {
			copy(j, []float64{0, -1, -1, 1, a, 0, x[2], 0, x[0] - c})
		},
	}
}

// Henon is the map of 1976, a = 1.4, b = 0.3. Known: Sprott (2003); the sum is ln 0.3 exactly.
func Henon() *System {
	const a, b = 1.4, 0.3
	return &System{
		Name: "Hénon", Dim: 2, Dt: 1, Map: true, Start: []float64{0.1, 0.1}, Known: []float64{0.41922, -1.62319},
		F:  func(y, x []float64) { y[0], y[1] = 1-a*x[0]*x[0]+x[1], b*x[0] },
		DF: func(j, x []float64) { j[0], j[1], j[2], j[3] = -2*a*x[0], 1, b, 0 },
	}
}

// Lorenz96 is the ring dx_i/dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F of n sites. Known for n = 40, F = 8: the
// largest exponent is about 1.67 (Lorenz and Emanuel 1998; Karimi and Paul 2010); the sum is -n exactly.
func Lorenz96(n int, force float64) *System {
	s := &System{Name: fmt.Sprintf("Lorenz-96 (%d)", n), Dim: n, Dt: 0.01, Start: make([]float64, n), Known: unknown(n)}
	for i := range s.Start {
		s.Start[i] = force
	}
	s.Start[0] += 0.01
	if n == 40 && force == 8 {
		s.Known[0] = 1.67
	}
	s.F = func(y, x []float64) {
		for i := range n {
			y[i] = (x[(i+1)%n]-x[(i+n-2)%n])*x[(i+n-1)%n] - x[i] + force
		}
	}
	s.DF = func(j, x []float64) {
		clear(j)
		for i := range n {
			j[i*n+(i+1)%n] += x[(i+n-1)%n]
			j[i*n+(i+n-2)%n] -= x[(i+n-1)%n]
			j[i*n+(i+n-1)%n] += x[(i+1)%n] - x[(i+n-2)%n]
			j[i*n+i]--
		}
	}
	return s
}

// CoupledMaps is a ring of n maps f(x) = slope*x mod 1, each mixed with its neighbours:
// x_i' = (1-eps) f(x_i) + eps/2 (f(x_{i-1}) + f(x_{i+1})). Its derivative is slope times a circulant matrix
// everywhere, so the exponents are exactly ln|slope (1 - eps + eps cos(2 pi k/n))|.
func CoupledMaps(n int, slope, eps float64) *System {
	s := &System{Name: fmt.Sprintf("coupled maps (%d)", n), Dim: n, Dt: 1, Map: true, Start: make([]float64, n), Known: make([]float64, n)}
	for i := range n {
		s.Start[i] = math.Mod(0.1+0.618034*float64(i), 1)
		k := (i + 1) / 2 // 0, 1, 1, 2, 2, ...: largest first
		s.Known[i] = math.Log(math.Abs(slope * (1 - eps + eps*math.Cos(2*math.Pi*float64(k)/float64(n)))))
	}
	f := make([]float64, n)
	s.F = func(y, x []float64) {
		for i, v := range x {
			v *= slope
			f[i] = v - math.Floor(v)
		}
		for i := range n {
			y[i] = (1-eps)*f[i] + eps/2*(f[(i+n-1)%n]+f[(i+1)%n])
		}
	}
	s.DF = func(j, x []float64) {
		clear(j)
		for i := range n {
			j[i*n+i] += slope * (1 - eps)
			j[i*n+(i+1)%n] += slope * eps / 2
			j[i*n+(i+n-1)%n] += slope * eps / 2
		}
	}
	return s
}

func unknown(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}
