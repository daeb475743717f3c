package lyapunov

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/rng"
)

// jacobians returns the Jacobians of a golden case: stored, repeated or from the system it names.
func jacobians(t *testing.T, c golden.Case, d int) []float64 {
	t.Helper()
	n := c.Int("n", 0)
	switch {
	case c.Has("inputs", "jac"):
		return c.Input("jac").Data
	case c.Has("inputs", "J"):
		var out []float64
		for range n {
			out = append(out, c.Input("J").Data...)
		}
		return out
	}
	s := systemOf(t, c)
	x := append([]float64(nil), c.Floats("x0")...)
	for range c.Int("skip", 0) {
		s.Step(x, nil)
	}
	euler := c.String("discretisation", "") == "euler"
	check := c.Floats("checkpoints")
	out := make([]float64, n*d*d)
	for k := range n {
		if len(check) > 0 && int(check[0]) == k {
			want := c.Input("states")
			row := want.Data[(want.Shape[0]-len(check))*d:][:d]
			// Rounding grows like e^(0.9 t); by the last checkpoint, t = 1 to 5, it is still tiny.
			if err := golden.MaxRelErr(x, row); err > 1e-7 {
				t.Errorf("%s: state %d is %v, want %v", c.Name, k, x, row)
			}
			check = check[1:]
		}
		jac := out[k*d*d:][:d*d]
		if !euler {
			s.Step(x, jac)
			continue
		}
		s.DF(jac, x)
		for i := range jac {
			jac[i] *= s.Dt
		}
		for i := range d {
			jac[i*d+i]++
		}
		s.Step(x, nil)
	}
	return out
}

func systemOf(t *testing.T, c golden.Case) *System {
	t.Helper()
	var s *System
	switch name := c.String("system", ""); name {
	case "lorenz":
		s = Lorenz()
	case "rossler":
		s = Rossler()
	case "henon":
		s = Henon()
	case "lorenz96":
		k := c.Params["constants"].(map[string]any)
		s = Lorenz96(int(k["n"].(float64)), k["F"].(float64))
	default:
		t.Fatalf("%s: unknown system %q", c.Name, name)
	}
	s.Dt = c.Float("dt", s.Dt)
	return s
}

// The truth here: the golden file; short cases by 80-digit arithmetic, long chaotic ones within the file's
// tolerance (absolute 0.05 or 2 % of the largest magnitude).
func TestGolden(t *testing.T) {
	r := golden.NewRecorder(t, "lyapunov")
	for _, c := range golden.Load(t, "lyapunov") {
		d, dt := len(c.Input("u0").Data), c.Float("dt", 1)
		jac := jacobians(t, c, d)
		seq, par, top := NewSequential(d, dt, c.Input("Q0").Data), NewParallel(d, dt, c.Input("S0").Data), NewLargest(d, dt, c.Input("u0").Data)
		for _, cut := range [][2]int{{0, 40}, {40, len(jac) / (d * d)}} { // in two lists: nothing may hang on the cut
			part := jac[cut[0]*d*d : cut[1]*d*d]
			seq.Add(part)
			par.Add(part)
			top.Add(part)
		}
		s, err1 := seq.Exponents()
		p, err2 := par.Exponents()
		l, err3 := top.Exponent()
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		got := map[string][]float64{"sequential": s, "parallel": p, "largest": {l}}
		for _, name := range []string{"sequential", "parallel", "largest"} {
			want, tol := c.Tensor("outputs", name).Data, golden.Tolerance
			switch {
			case name == "parallel" && c.Has("exact", "from_S0"):
				want = c.Tensor("exact", "from_S0").Data
			case c.Has("exact", name):
				want = c.Tensor("exact", name).Data
			case c.Has("exact", "spectrum"): // sequential starts from columns that are not orthogonal: 1/n off
				want, tol = c.Tensor("exact", "spectrum").Data, map[string]float64{"sequential": 1e-4, "parallel": 1e-12}[name]
			case c.String("tol", "") != "":
				tol = math.Max(0.02, 0.05/largestOf(want))
			}
			err := golden.MaxRelErr(got[name], want)
			if name == "parallel" && c.String("tol", "") != "" {
				// The reference's resets cost it some accuracy: its own two spectra differ by up to 3 %. Both
				// estimate the same numbers, so agreeing with either is right.
				err = math.Min(err, golden.MaxRelErr(got[name], c.Tensor("outputs", "sequential").Data))
			}
			r.ForwardError(t, c, name, err, tol)
		}
	}
}

func largestOf(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m = math.Max(m, math.Abs(v))
	}
	return m
}

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

// The sum of all exponents is the mean of ln|det J|: exactly -n for Lorenz-96, whatever the orbit.
func TestLorenz96Sum(t *testing.T) {
	s := Lorenz96(12, 8)
	seq, par, _ := estimate(t, s, 500, 3000)
	for name, got := range map[string][]float64{"sequential": seq, "parallel": par} {
		sum := 0.0
		for _, v := range got {
			sum += v
		}
		if math.Abs(sum+12) > 1e-4 { // the integrator's own error
			t.Errorf("%s: the exponents sum to %v, want -12", name, sum)
		}
	}
}

// Step's Jacobian against finite differences of Step itself.
func TestStepJacobian(t *testing.T) {
	for _, s := range []*System{Lorenz(), Rossler(), Henon(), Lorenz96(7, 8), CoupledMaps(4, 2.7, 0.3)} {
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

// Q is orthogonal, R triangular with a diagonal that is not negative, and Q R = A, also for singular, huge and
// tiny matrices.
func TestQR(t *testing.T) {
	r := rng.New(1, "qr")
	for _, d := range []int{0, 1, 2, 3, 8, 21} {
		const n = 7
		a := make([]float64, n*d*d)
		for i := range a {
			a[i] = r.NormFloat64()
		}
		for i := range d * d {
			if d > 0 && i%d == d-1 {
				a[i] = 2 * a[i-min(1, d-1)] // the first: its last column is a multiple of another
			}
			if n > 3 {
				a[d*d+i] *= 1e200
				a[2*d*d+i] *= 1e-200
				a[3*d*d+i] = 0
			}
		}
		q, rr := make([]float64, len(a)), make([]float64, len(a))
		QR(q, rr, a, n, d)
		for m := range n {
			q, rr, a := q[m*d*d:][:d*d], rr[m*d*d:][:d*d], a[m*d*d:][:d*d]
			scale := math.Max(largestOf(a), 1e-300)
			for i := range d {
				for j := range d {
					qq, qr := 0.0, 0.0
					for k := range d {
						qq += q[k*d+i] * q[k*d+j]
						qr += q[i*d+k] * (rr[k*d+j] / scale)
					}
					want := 0.0
					if i == j {
						want = 1
					}
					if math.Abs(qq-want) > 1e-14*float64(1+d) {
						t.Fatalf("d = %d, matrix %d: (Q^T Q)[%d,%d] = %v", d, m, i, j, qq)
					}
					if math.Abs(qr-a[i*d+j]/scale) > 1e-14*float64(1+d) {
						t.Fatalf("d = %d, matrix %d: (Q R)[%d,%d] is off by %v", d, m, i, j, qr-a[i*d+j]/scale)
					}
					if (i > j && rr[i*d+j] != 0) || (i == j && rr[i*d+j] < 0) {
						t.Fatalf("d = %d, matrix %d: R[%d,%d] = %v", d, m, i, j, rr[i*d+j])
					}
				}
			}
		}
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
	if _, err := s.Exponents(); err == nil {
		t.Error("no error before the first Jacobian")
	}
	if _, err := p.Exponents(); err == nil {
		t.Error("no error before the first Jacobian")
	}
	if _, err := l.Exponent(); err == nil {
		t.Error("no error before the first Jacobian")
	}
}

// One number that is not finite, wherever it stands, is an error from then on.
func TestNonFinite(t *testing.T) {
	const d, n = 3, 4
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, scale := range []float64{0, 1} { // in matrices of zeros too, of which a factorisation looks at little
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
