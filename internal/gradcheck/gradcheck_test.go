package gradcheck

import (
	"math"
	"testing"
)

type fakeT struct {
	testing.TB
	errors int
}

func (f *fakeT) Helper()               {}
func (f *fakeT) Errorf(string, ...any) { f.errors++ }

// The truth here is calculus: d/dx sum(x^3 exp(x/4)) = (3 x^2 + x^3/4) exp(x/4).
func TestCheck(t *testing.T) {
	x := []float64{-2, -0.5, 0, 0.3, 1.7, 40}
	f := func() float64 {
		s := 0.0
		for _, v := range x[:5] {
			s += v * v * v * math.Exp(v/4)
		}
		return s
	}
	grad := make([]float64, len(x)) // the last number is not used: its gradient is zero
	for i, v := range x[:5] {
		grad[i] = (3*v*v + v*v*v/4) * math.Exp(v/4)
	}
	if err := Check(t, "cubic", f, x, grad, Options{Tolerance: 1e-10}); err > 1e-10 {
		t.Errorf("error %v", err)
	}
	if x[5] != 40 || x[0] != -2 {
		t.Errorf("x was not restored: %v", x)
	}
	for i := range grad {
		bad := append([]float64(nil), grad...)
		bad[i] += 1e-4
		fake := &fakeT{TB: t}
		if Check(fake, "bad", f, x, bad, Options{}); fake.errors == 0 {
			t.Errorf("an error in element %d was not found", i)
		}
		bad[i] = math.NaN()
		fake = &fakeT{TB: t}
		if Check(fake, "nan", f, x, bad, Options{}); fake.errors == 0 {
			t.Errorf("NaN in element %d was not found", i)
		}
	}
	fake := &fakeT{TB: t}
	if Check(fake, "short", f, x, grad[:2], Options{}); fake.errors == 0 {
		t.Error("a gradient of another length was accepted")
	}
}

// TestElements: evaluations of a check of some of the elements, four each.
func TestElements(t *testing.T) {
	for _, c := range []struct{ size, elements, checked int }{{64, 8, 8}, {9, 3, 3}, {4, 1, 1}, {5, 5, 5}} {
		x, grad := make([]float64, c.size), make([]float64, c.size)
		calls := 0
		f := func() float64 { calls++; return 0 }
		Check(t, "constant", f, x, grad, Options{Elements: c.elements})
		if calls != 4*c.checked {
			t.Errorf("%d of %d elements: %d evaluations, want %d", c.elements, c.size, calls, 4*c.checked)
		}
	}
}

// TestOptions: where the function is evaluated, and which error is too large.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		x       float64
		options Options
		step    float64
	}{
		{0, Options{}, 1e-3},
		{-4, Options{}, 4e-3},
		{3, Options{Step: 0.5}, 1.5},
		{0.125, Options{Step: 0.5, Floor: 0.25}, 0.125},
	} {
		x, largest := c.x, 0.0
		Derivative(func() float64 { largest = math.Max(largest, math.Abs(x-c.x)); return x }, &x, c.options)
		if math.Abs(largest/c.step-1) > 1e-9 || x != c.x {
			t.Errorf("%+v at %v: steps of %v, want %v", c.options, c.x, largest, c.step)
		}
	}
	x := []float64{1}
	for tolerance, errors := range map[float64]int{0: 1, 1e-4: 1, 1e-2: 0} {
		fake := &fakeT{TB: t}
		if Check(fake, "identity", func() float64 { return x[0] }, x, []float64{1.001}, Options{Tolerance: tolerance}); fake.errors != errors {
			t.Errorf("tolerance %v: %d errors, want %d", tolerance, fake.errors, errors)
		}
	}
}
