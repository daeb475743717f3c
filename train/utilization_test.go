package train

import (
	"math"
	"testing"
	"time"

	"goomtrain/models"
	"goomtrain/params"
)

// TestOperations: products count, once for every vector of a position, look-ups do not, and the head counts for
// targets alone.
func TestOperations(t *testing.T) {
	recurrence := params.New[float32]("a", params.Recurrent, 10, 10)
	recurrence.Vectors = 7
	for _, c := range []struct {
		p                *params.Param[float32]
		position, target float64
	}{
		{params.New[float32]("m", params.Matrix, 1000, 20), 6 * 20000, 0},
		{params.New[float32]("a", params.Recurrent, 10, 10), 6 * 100, 0},
		{recurrence, 6 * 700, 0},
		{params.New[float32]("e", params.Embedding, 1000, 20), 0, 6 * 20000},
		{params.New[float32]("p", params.Positions, 1000, 20), 0, 0},
		{params.New[float32]("x", params.State, 1000, 20), 0, 0},
		{params.New[float32]("b", params.Vector, 20), 0, 0},
	} {
		if position, target := operations([]*params.Param[float32]{c.p, c.p}); position != 2*c.position || target != 2*c.target {
			t.Errorf("twice %s %s: %v operations a position and %v a target, want %v and %v", c.p.Role, c.p.Name, position, target, 2*c.position, 2*c.target)
		}
	}
}

// TestOperationsOfModels compares with the products that the layers of the models make.
func TestOperationsOfModels(t *testing.T) {
	const d, n, h, vocab = 24, 3, 8, 17 // embedding, hidden vectors, their dimension, tokens
	c := goomRNN(vocab, d, 2, n, h)
	m, err := models.New[float32](c, 1)
	if err != nil {
		t.Fatal(err)
	}
	// u B, x A for each hidden vector, x C, u D, the projection of the block
	const layer = d*n*h + n*h*h + n*h*2*d + d*2*d + d*d
	if position, target := operations(m.Params()); position != 6*2*layer || target != 6*d*vocab {
		t.Errorf("%v operations a position and %v a target, want %v and %v", position, target, 6*2*layer, 6*d*vocab)
	}
}

// TestUtilization: the share of the peak is the work over the time, and not known before anything is measured.
func TestUtilization(t *testing.T) {
	matrix := params.New[float32]("w", params.Matrix, 30, 20)
	w := workOf([]*params.Param[float32]{matrix, params.New[float32]("e", params.Embedding, 30, 60)}, measuredPeak[float32]())
	if w == (work{}) {
		t.Skip("no peak is known here")
	}
	if ratio := w.target / w.position; math.Abs(ratio-3) > 1e-12 || w.position > 1e-3 {
		t.Errorf("%g s a position, %g s a target", w.position, w.target)
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
