package lyapunov

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// estimate runs all three estimators over one orbit.
func estimate(t *testing.T, s *System, skip, n int) (seq, par []float64, largest float64) {
	t.Helper()
	u := make([]float64, s.Dim)
	for i := range u {
		u[i] = 1 / float64(i+2)
	}
	a, b, c := NewSequential(s.Dim, s.Dt, nil), NewParallel(s.Dim, s.Dt, nil), NewLargest(s.Dim, s.Dt, u)
	err := s.Orbit(skip, n, 10000, func(jac []float64) error {
		a.Add(jac)
		b.Add(jac)
		c.Add(jac)
		return nil
	})
	var err1, err2, err3 error
	seq, err1 = a.Exponents()
	par, err2 = b.Exponents()
	largest, err3 = c.Exponent()
	if err := errors.Join(err, err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return seq, par, largest
}

// The truth here: the literature (Sprott 2003) and, for the coupled maps, the exact formula. The tolerance is
// relative with an absolute floor for the exponent that is zero.
func TestKnownExponents(t *testing.T) {
	for _, c := range []struct {
		system    *System
		n         int
		rel, zero float64
	}{
		{Lorenz(), 100000, 0.02, 0.02},
		{Rossler(), 100000, 0.06, 0.01},
		{Henon(), 100000, 0.02, 0},
		{CoupledMaps(5, 2.7, 0.3), 2000, 1e-2, 0},
		{CoupledMaps(3, 2.2, 0.9), 2000, 1e-2, 0},
		{known(LorenzWith(16, 45.92, 4), 1.497, 0, -22.458), 100000, 0.02, 0.02}, // Wolf et al. 1985: 2.16, 0, -32.4 bits
		{known(RosslerWith(0.15, 0.2, 10), 0.090, 0, -9.77), 100000, 0.06, 0.01}, // Wolf et al. 1985: 0.13, 0, -14.1 bits
	} {
		t.Run(c.system.Name, func(t *testing.T) {
			seq, par, largest := estimate(t, c.system, 2000, c.n)
			t.Logf("sequential %.4f, parallel %.4f, largest %.4f, known %.4f", seq, par, largest, c.system.Known)
			for name, got := range map[string][]float64{"sequential": seq, "parallel": par, "largest": {largest}} {
				for i, v := range got {
					if want := c.system.Known[i]; math.Abs(v-want) > math.Max(c.rel*math.Abs(want), c.zero) {
						t.Errorf("%s exponent %d is %.5f, known %.5f", name, i, v, want)
					}
				}
			}
		})
	}
}

// Jacobians of subnormal numbers, whose logarithms math.Log gets wrong on amd64: ln 2^-1074 a step.
func TestSubnormalGrowth(t *testing.T) {
	jac := []float64{5e-324, 5e-324, 5e-324}
	seq, par, top := NewSequential(1, 1, nil), NewParallel(1, 1, nil), NewLargest(1, 1, []float64{1})
	seq.Add(jac)
	par.Add(jac)
	top.Add(jac)
	s, err1 := seq.Exponents()
	p, err2 := par.Exponents()
	l, err3 := top.Exponent()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	want := -1074 * math.Ln2
	for name, got := range map[string]float64{"sequential": s[0], "parallel": p[0], "largest": l} {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: exponent %v, want %v", name, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	s, p, l := NewSequential(2, 1, nil), NewParallel(2, 1, nil), NewLargest(2, 1, []float64{1, 0})
	ask := func() (errs [3]error) {
		_, errs[0] = s.Exponents()
		_, errs[1] = p.Exponents()
		_, errs[2] = l.Exponent()
		return errs
	}
	for i, err := range ask() {
		if err == nil || errors.Is(err, ErrNonFinite) {
			t.Errorf("estimator %d before the first Jacobian: %v", i, err)
		}
	}
	for _, add := range []func([]float64){s.Add, p.Add, l.Add} {
		add([]float64{2, 0, 0, 3})
	}
	for i, err := range ask() {
		if err != nil {
			t.Errorf("estimator %d after one Jacobian: %v", i, err)
		}
	}
	for name, bad := range map[string]func(){
		"q0":            func() { NewSequential(2, 1, make([]float64, 3)) },
		"s0":            func() { NewParallel(2, 1, make([]float64, 5)) },
		"u0":            func() { NewLargest(2, 1, make([]float64, 3)) },
		"dimension":     func() { NewSequential(0, 1, nil) },
		"step":          func() { NewParallel(2, math.NaN(), nil) },
		"Jacobians":     func() { s.Add(make([]float64, 7)) },
		"QR of a":       func() { QR(make([]float64, 9), nil, make([]float64, 8), 2, 2) },
		"QR of q":       func() { QR(make([]float64, 7), nil, make([]float64, 8), 2, 2) },
		"QR of r":       func() { QR(make([]float64, 8), make([]float64, 4), make([]float64, 8), 2, 2) },
		"QR of minus 1": func() { QR(nil, nil, nil, -1, 0) },
		"state":         func() { Lorenz().Step(make([]float64, 2), nil) },
		"Jacobian":      func() { Lorenz().Step(make([]float64, 3), make([]float64, 8)) },
		"sites":         func() { Lorenz96(0, 8) },
		"maps":          func() { CoupledMaps(0, 2, 0.3) },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "lyapunov: ") {
					t.Errorf("wrong %s: panic %v, want one of this package", name, text)
				}
			}()
			bad()
		}()
	}
}

// One number that is not finite, wherever it stands, is an error from then on.
func TestNonFinite(t *testing.T) {
	const d, n = 3, 4
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, scale := range []float64{0, 1} { // in matrices of zeros too, of which a factorization looks at little
			for at := range n * d * d {
				jac := make([]float64, n*d*d)
				for i := range jac {
					jac[i] = scale * float64(1+i*i%7)
				}
				jac[at] = bad
				s, p, l := NewSequential(d, 1, nil), NewParallel(d, 1, nil), NewLargest(d, 1, []float64{1, 0, 0})
				for _, part := range [][]float64{jac[:d*d], jac[d*d:], make([]float64, d*d)} {
					s.Add(part)
					p.Add(part)
					l.Add(part)
				}
				_, err1 := s.Exponents()
				_, err2 := p.Exponents()
				_, err3 := l.Exponent()
				for i, err := range []error{err1, err2, err3} {
					if !errors.Is(err, ErrNonFinite) {
						t.Errorf("estimator %d: %v at %d: %v", i, bad, at, err)
					}
				}
			}
		}
	}
}

func ExampleParallel() {
	s := Henon()
	p := NewParallel(s.Dim, s.Dt, nil)
	err := s.Orbit(100, 100000, 10000, func(jac []float64) error {
		p.Add(jac)
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	exponents, err := p.Exponents()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", exponents)
	// Output: [0.42 -1.62]
}
