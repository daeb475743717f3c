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

func TestElements(t *testing.T) {
	x := make([]float64, 64)
	grad := make([]float64, 64)
	calls := 0
	f := func() float64 { calls++; return 0 }
	Check(t, "constant", f, x, grad, Options{Elements: 8})
	if calls != 4*8 {
		t.Errorf("%d evaluations, want 32", calls)
	}
}
