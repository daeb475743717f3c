package golden

import (
	"math"
	"testing"

	"goomtrain/internal/simd"
)

// Tolerances in float64 and float32, relative to the largest magnitude of the tensor.
const (
	Tolerance            = 1e-9
	GradTolerance        = 1e-7
	Tolerance32          = 1e-4
	GradTolerance32      = 1e-3
	ElementwiseTolerance = 1e-12 // elementwise functions in float64
)

// MaxRelErr returns max|got - want| / max|want|, the largest error relative to the tensor's largest
// finite magnitude (absolute when every wanted number is zero). Wanted infinities and NaNs must be met
// exactly; a miss, or a different length, is an infinite error.
func MaxRelErr[A, B simd.Float](got []A, want []B) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var worst, scale float64
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		switch {
		case math.IsNaN(w):
			if !math.IsNaN(g) {
				return math.Inf(1)
			}
		case math.IsInf(w, 0):
			if g != w {
				return math.Inf(1)
			}
		case math.IsNaN(g):
			return math.Inf(1)
		default:
			worst = math.Max(worst, math.Abs(g-w))
			scale = math.Max(scale, math.Abs(w))
		}
	}
	if scale == 0 {
		return worst
	}
	return worst / scale
}

// A Recorder compares results of one operation with its cases and records the largest errors. Make one for each
// test with NewRecorder. When the test ends, the Recorder logs
//
//	golden: OP: N cases, worst forward error E1, worst gradient error E2
//
// and fails the test if no comparison was made.
type Recorder struct {
	op       string
	cases    map[string]bool
	forward  float64
	gradient float64
}

// NewRecorder returns a recorder that reports when t ends.
func NewRecorder(t testing.TB, op string) *Recorder {
	t.Helper()
	r := &Recorder{op: op, cases: map[string]bool{}}
	t.Cleanup(func() {
		t.Logf("golden: %s: %d cases, worst forward error %.3g, worst gradient error %.3g", op, len(r.cases), r.forward, r.gradient)
		if len(r.cases) == 0 && !t.Failed() {
			t.Errorf("golden: %s: no case ran", op)
		}
	})
	return r
}

// Forward compares an output in float64 with its required value (see Case.Want). If there is none, it only
// checks the length against the output of the reference. tol is relative to the largest magnitude of the
// tensor.
func (r *Recorder) Forward(t testing.TB, c Case, name string, got []float64, tol float64) {
	t.Helper()
	want, ok := c.Want(name)
	if !ok {
		want := c.Tensor("outputs", name)
		if len(got) != len(want.Data) {
			t.Errorf("%s/%s: output %s has %d numbers, want %d", c.File, c.Name, name, len(got), len(want.Data))
		}
		r.count(c)
		return
	}
	r.ForwardError(t, c, name, MaxRelErr(got, want.Data), tol)
}

// ForwardError records an error that the caller measured, and fails if it exceeds tol.
func (r *Recorder) ForwardError(t testing.TB, c Case, name string, err, tol float64) {
	t.Helper()
	r.count(c)
	r.forward = math.Max(r.forward, err)
	if !(err <= tol) {
		t.Errorf("%s/%s: output %s: error %.3g, want at most %.3g", c.File, c.Name, name, err, tol)
	}
}

// Gradient compares a gradient in float64 with its required value (see Case.WantGrad), if there is one.
func (r *Recorder) Gradient(t testing.TB, c Case, name string, got []float64, tol float64) {
	t.Helper()
	want, ok := c.WantGrad(name)
	if !ok {
		return
	}
	r.GradientError(t, c, name, MaxRelErr(got, want.Data), tol)
}

// GradientError records an error of a gradient that the caller measured, and fails if it exceeds tol.
func (r *Recorder) GradientError(t testing.TB, c Case, name string, err, tol float64) {
	t.Helper()
	r.count(c)
	r.gradient = math.Max(r.gradient, err)
	if !(err <= tol) {
		t.Errorf("%s/%s: gradient of %s: error %.3g, want at most %.3g", c.File, c.Name, name, err, tol)
	}
}

func (r *Recorder) count(c Case) { r.cases[c.File+"/"+c.Name] = true }
