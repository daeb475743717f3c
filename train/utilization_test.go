package train

import (
	"math"
	"testing"
	"time"

	"goomtrain/params"
)

// TestUtilization: products count, look-ups do not, and the head counts for targets alone.
func TestUtilization(t *testing.T) {
	matrix := params.New[float32]("w", params.Matrix, 30, 20)
	w := workOf([]*params.Param[float32]{matrix, params.New[float32]("a", params.Recurrent, 10, 10)})
	if w.position <= 0 || w.target != 0 {
		t.Skip("no peak is known here")
	}
	for name, c := range map[string]struct {
		more *params.Param[float32]
		want bool // more work for a position
	}{
		"positions":      {params.New[float32]("p", params.Positions, 1000, 20), false},
		"initial states": {params.New[float32]("x", params.State, 1000, 20), false},
		"bias":           {params.New[float32]("b", params.Vector, 20), false},
		"table":          {params.New[float32]("e", params.Embedding, 1000, 20), false},
		"matrix":         {params.New[float32]("m", params.Matrix, 1000, 20), true},
	} {
		more := workOf([]*params.Param[float32]{matrix, c.more})
		// two measurements of the peak differ a little: compare with the matrix by itself in one of them
		perWeight := more.position / 600
		if c.want {
			perWeight = more.position / 20600
		}
		if ratio := perWeight * 700 / w.position; ratio < 0.3 || ratio > 3 {
			t.Errorf("%s: %g s a position, %g of what its weights should take", name, more.position, ratio)
		}
		if (more.target > 0) != (name == "table") {
			t.Errorf("%s: %g s a target", name, more.target)
		}
	}
	p := pace{}
	if !math.IsNaN(p.utilization(w)) || !math.IsNaN(p.rate()) {
		t.Error("nothing was measured")
	}
	p.add(100, 10, time.Second)
	if got := p.utilization(work{position: 0.001, target: 0.01}); math.Abs(got-0.2) > 1e-12 || p.rate() != 100 {
		t.Errorf("utilization %v at %v positions/s", got, p.rate())
	}
}
