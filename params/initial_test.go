package params

import (
	"math"
	"testing"

	"goomtrain/rng"
)

// TestMoments: mean and deviation of initial values, and the ends of the uniform ones, within five standard errors.
func TestMoments(t *testing.T) {
	const n = 100000
	for _, c := range []struct {
		name            string
		initial         Initial
		mean, deviation float64
		lowest, highest float64 // of all values
	}{
		{"uniform", Uniform(0.5), 0, 0.5 / math.Sqrt(3), -0.5, 0.5},
		{"normal", Normal(0.02), 0, 0.02, -0.02 * 4.2, 0.02 * 4.2}, // about the largest of 100,000
		{"constant", Constant(-3), -3, 0, -3, -3},
	} {
		values := make([]float64, n)
		c.initial(rng.New(1, c.name), values, []int{n})
		sum, squares, low, high := 0.0, 0.0, math.Inf(1), math.Inf(-1)
		for _, v := range values {
			sum += v
			squares += (v - c.mean) * (v - c.mean)
			low, high = min(low, v), max(high, v)
		}
		if d := sum/n - c.mean; !(math.Abs(d) <= 5*c.deviation/math.Sqrt(n)) {
			t.Errorf("%s: mean %v, want %v", c.name, sum/n, c.mean)
		}
		if d := math.Sqrt(squares / n); !(math.Abs(d-c.deviation) <= 0.02*c.deviation) {
			t.Errorf("%s: deviation %v, want %v", c.name, d, c.deviation)
		}
		if width := c.highest - c.lowest; !(math.Abs(low-c.lowest) <= 0.1*width && math.Abs(high-c.highest) <= 0.1*width) {
			t.Errorf("%s: from %v to %v, want %v to %v", c.name, low, high, c.lowest, c.highest)
		}
	}
}

// TestOrthogonalToRounding: rows of a large matrix are orthogonal to rounding, which one pass of Gram-Schmidt is not.
func TestOrthogonalToRounding(t *testing.T) {
	const n = 250
	q := make([]float64, n*n)
	Orthogonal(1)(rng.New(1, "orthogonal"), q, []int{n, n})
	worst := 0.0
	for i := range n {
		for j := range i {
			worst = max(worst, math.Abs(dot(q[i*n:(i+1)*n], q[j*n:(j+1)*n])))
		}
	}
	if worst > 2e-15 {
		t.Errorf("rows with a product of %v", worst)
	}
}
