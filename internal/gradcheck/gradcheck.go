package gradcheck

import (
	"math"
	"testing"
)

// Options are options of Check. The zero value suits smooth functions of numbers near 1.
type Options struct {
	Step      float64 // relative step: h = Step * max(|x_i|, Floor); 0: 1e-3
	Floor     float64 // smallest magnitude that scales a step; 0: 1
	Tolerance float64 // relative to the largest magnitude of the gradient; 0: 1e-7
	Elements  int     // check at most that many elements, spread evenly; 0: all
}

// Check fails t unless analytic is the gradient of f with respect to x. f computes a scalar from the content of
// x, which Check changes element by element and restores. It returns the largest error, relative to the largest
// magnitude of both gradients (absolute if that is zero).
func Check(t testing.TB, name string, f func() float64, x, analytic []float64, opts Options) float64 {
	t.Helper()
	if len(x) != len(analytic) {
		t.Errorf("%s: %d inputs but a gradient of %d numbers", name, len(x), len(analytic))
		return math.Inf(1)
	}
	if opts.Tolerance == 0 {
		opts.Tolerance = 1e-7
	}
	stride := 1
	if opts.Elements > 0 && len(x) > opts.Elements {
		stride = (len(x) + opts.Elements - 1) / opts.Elements
		for stride%2 == 0 && stride > 1 { // an odd stride meets every column of a power-of-two row length
			stride++
		}
	}
	numeric := make([]float64, 0, len(x)/stride+1)
	scale := 0.0
	for i := 0; i < len(x); i += stride {
		d := Derivative(f, &x[i], opts)
		numeric = append(numeric, d)
		scale = math.Max(scale, math.Max(math.Abs(d), math.Abs(analytic[i])))
	}
	if scale == 0 {
		return 0
	}
	worst, at := 0.0, 0
	for j, d := range numeric {
		err := math.Abs(d-analytic[j*stride]) / scale
		if math.IsNaN(err) {
			err = math.Inf(1)
		}
		if err > worst {
			worst, at = err, j*stride
		}
	}
	if worst > opts.Tolerance {
		t.Errorf("%s: gradient[%d] (of %d) at x = %.6g: analytic %.10g, finite differences %.10g, error %.3g of the largest magnitude %.4g, want at most %.3g",
			name, at, len(x), x[at], analytic[at], numeric[at/stride], worst, scale, opts.Tolerance)
	}
	return worst
}

// Derivative estimates df/d(*x). It leaves *x unchanged.
func Derivative(f func() float64, x *float64, opts Options) float64 {
	if opts.Step == 0 {
		opts.Step = 1e-3
	}
	if opts.Floor == 0 {
		opts.Floor = 1
	}
	x0 := *x
	defer func() { *x = x0 }()
	h := opts.Step * math.Max(math.Abs(x0), opts.Floor)
	central := func(h float64) float64 {
		hi, lo := x0+h, x0-h
		*x = hi
		fhi := f()
		*x = lo
		flo := f()
		return (fhi - flo) / (hi - lo) // the step that was really taken, after rounding
	}
	return (4*central(h/2) - central(h)) / 3
}
