package lyapunov

import (
	"math"
	"testing"
)

func known(s *System, exponents ...float64) *System {
	s.Known = exponents
	return s
}

// The sum of all exponents is the mean of ln|det J|, which some systems fix, whatever the orbit.
func TestSums(t *testing.T) {
	for _, c := range []struct {
		system *System
		want   float64
	}{
		{Lorenz96(12, 8), -12}, {Lorenz96(5, 5.5), -5}, {LorenzWith(9, 30, 2), -12}, {HenonWith(1.2, -0.25), math.Log(0.25)}, {HenonWith(1.4, 0.3), math.Log(0.3)},
	} {
		seq, par, _ := estimate(t, c.system, 500, 3000)
		for name, got := range map[string][]float64{"sequential": seq, "parallel": par} {
			sum := 0.0
			for _, v := range got {
				sum += v
			}
			if math.Abs(sum-c.want) > 1e-4*math.Abs(c.want) { // the integrator's own error
				t.Errorf("%s, %s: the exponents sum to %v, want %v", c.system.Name, name, sum, c.want)
			}
		}
	}
}

// Only systems with the constants of the literature have its exponents.
func TestKnownOfOthers(t *testing.T) {
	for _, s := range []*System{LorenzWith(10, 28, 8.0/3), RosslerWith(0.2, 0.2, 5.7), HenonWith(1.4, 0.3), Lorenz96(40, 9), Lorenz96(39, 8)} {
		for i, v := range s.Known {
			if len(s.Known) != s.Dim || !math.IsNaN(v) {
				t.Errorf("%s: exponent %d of %d is known to be %v", s.Name, i, len(s.Known), v)
			}
		}
	}
	if s := Lorenz96(40, 8); s.Known[0] != 1.67 || !math.IsNaN(s.Known[1]) {
		t.Errorf("Lorenz-96: known %v", s.Known)
	}
}

// Step's Jacobian against finite differences of Step itself.
func TestStepJacobian(t *testing.T) {
	for _, s := range []*System{
		Lorenz(), Rossler(), Henon(), Lorenz96(7, 8), CoupledMaps(4, 2.7, 0.3),
		LorenzWith(12, 31, 2.5), RosslerWith(0.3, 0.4, 4.5), HenonWith(1.2, 0.35), Lorenz96(4, 6), CoupledMaps(3, 1.9, 0.6),
	} {
		d := s.Dim
		x := append([]float64(nil), s.Start...)
		for range 300 {
			s.Step(x, nil)
		}
		jac := make([]float64, d*d)
		s.Step(append([]float64(nil), x...), jac)
		const h = 1e-6
		for j := range d {
			up, down := append([]float64(nil), x...), append([]float64(nil), x...)
			up[j] += h
			down[j] -= h
			s.Step(up, nil)
			s.Step(down, nil)
			for i := range d {
				if got, want := jac[i*d+j], (up[i]-down[i])/(2*h); math.Abs(got-want) > 1e-7 {
					t.Errorf("%s: J[%d,%d] = %v, finite differences %v", s.Name, i, j, got, want)
				}
			}
		}
	}
}

// The usual systems have the usual constants, with the literature's exponents for them.
func TestUsualConstants(t *testing.T) {
	for _, c := range []struct {
		system      *System
		x, f, known []float64
	}{
		{Lorenz(), []float64{1, 2, 3}, []float64{10, 23, -6}, []float64{0.9056, 0, -14.5723}},
		{Rossler(), []float64{1, 2, 3}, []float64{-5, 1.4, -13.9}, []float64{0.0714, 0, -5.3943}},
		{Henon(), []float64{2, 3}, []float64{-1.6, 0.6}, []float64{0.41922, -1.62319}},
	} {
		f := make([]float64, len(c.x))
		c.system.F(f, c.x)
		for i := range f {
			if math.Abs(f[i]-c.f[i]) > 1e-14 || c.system.Known[i] != c.known[i] {
				t.Errorf("%s: F(%v) = %v and known %v, want %v and %v", c.system.Name, c.x, f, c.system.Known, c.f, c.known)
				break
			}
		}
	}
}
