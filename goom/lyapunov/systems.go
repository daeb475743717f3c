package lyapunov

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Lorenz is LorenzWith its usual constants, sigma = 10, rho = 28, beta = 8/3. Known: Sprott, Chaos and Time-Series
// Analysis (2003).
func Lorenz() *System {
	s := LorenzWith(10, 28, 8.0/3)
	s.Known = []float64{0.9056, 0, -14.5723}
	return s
}

// LorenzWith is the flow of 1963, x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z. Its exponents sum to
// -(sigma + 1 + beta) exactly.
func LorenzWith(sigma, rho, beta float64) *System {
	return &System{
		Name: "Lorenz", Dim: 3, Dt: 0.01, Start: []float64{1, 1, 1}, Known: unknown(3),
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

// Rossler is RosslerWith its usual constants, a = b = 0.2, c = 5.7. Known: Sprott (2003).
func Rossler() *System {
	s := RosslerWith(0.2, 0.2, 5.7)
	s.Known = []float64{0.0714, 0, -5.3943}
	return s
}

// RosslerWith is the flow of 1976, x' = -y - z, y' = x + a y, z' = b + z (x - c).
func RosslerWith(a, b, c float64) *System {
	return &System{
		Name: "Rössler", Dim: 3, Dt: 0.05, Start: []float64{1, 1, 0}, Known: unknown(3),
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

// Henon is HenonWith its usual constants, a = 1.4, b = 0.3. Known: Sprott (2003).
func Henon() *System {
	s := HenonWith(1.4, 0.3)
	s.Known = []float64{0.41922, -1.62319}
	return s
}

// HenonWith is the map of 1976, x' = 1 - a x^2 + y, y' = b x. Its exponents sum to ln|b| exactly.
func HenonWith(a, b float64) *System {
	return &System{
		Name: "Hénon", Dim: 2, Dt: 1, Map: true, Start: []float64{0.1, 0.1}, Known: unknown(2),
		F:  func(y, x []float64) { y[0], y[1] = 1-a*x[0]*x[0]+x[1], b*x[0] },
		DF: func(j, x []float64) { j[0], j[1], j[2], j[3] = -2*a*x[0], 1, b, 0 },
	}
}

// Lorenz96 is the ring dx_i/dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + force of n sites. Known for n = 40, F = 8: the
// largest exponent is about 1.67 (Lorenz and Emanuel 1998; Karimi and Paul 2010); the sum is -n exactly.
func Lorenz96(n int, force float64) *System {
	if n < 1 {
		panic(fmt.Sprintf("lyapunov: Lorenz-96 of %d sites", n))
	}
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

// CoupledMaps is a ring of n maps f(x) = slope*x mod 1, each mixed with its neighbors:
// x_i' = (1-eps) f(x_i) + eps/2 (f(x_{i-1}) + f(x_{i+1})). Its derivative is slope times a circulant matrix
// everywhere, so the exponents are exactly ln|slope (1 - eps + eps cos(2 pi k/n))|.
func CoupledMaps(n int, slope, eps float64) *System {
	if n < 1 {
		panic(fmt.Sprintf("lyapunov: %d coupled maps", n))
	}
	s := &System{Name: fmt.Sprintf("coupled maps (%d)", n), Dim: n, Dt: 1, Map: true, Start: make([]float64, n), Known: make([]float64, n)}
	for i := range n {
		s.Start[i] = math.Mod(0.1+0.618034*float64(i), 1)
		k := (i + 1) / 2 // 0, 1, 1, 2, 2, ...
		s.Known[i] = math.Log(math.Abs(slope * (1 - eps + eps*math.Cos(2*math.Pi*float64(k)/float64(n)))))
	}
	slices.SortFunc(s.Known, func(a, b float64) int { return cmp.Compare(b, a) })
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

// unknown is the exponents of a system that the literature says nothing of.
func unknown(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}
