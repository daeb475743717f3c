package multihead_test

import (
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
)

// linear weighs a score by itself, so that scores of 0 have no weight.
func linear(s float64) (w, slope float64) { return s, 1 }

// TestNaiveByHand: the definition on numbers that are worked out by hand. One head of width 1 and three positions, of
// which the last query sees the last two.
func TestNaiveByHand(t *testing.T) {
	a := multihead.Naive{
		Size: multihead.Size{Batch: 1, Queries: 3, Keys: 3, Heads: 1, DKey: 1, DValue: 1, Causal: true}, Window: 2, Weight: linear,
		Q: []float64{0, 1, 2}, K: []float64{5, 1, 3}, V: []float64{7, 4, 8},
	}
	// The weights are [0], [5, 1] and [-, 2, 6]: a query whose weights sum to 0 has y = 0.
	kerneltest.Near(t, "y", a.Forward(), []float64{0, (5*7 + 1*4) / 6.0, (2*4 + 6*8) / 8.0}, 1e-15)

	// d y_t / d w_tj = (v_j - y_t) / total; w_tj = q_t k_j. The first query has no gradient.
	dq, dk, dv := a.Backward([]float64{1, 1, 1})
	y1, y2 := 6.5, 7.0
	kerneltest.Near(t, "dq", dq, []float64{0, (7-y1)/6*5 + (4-y1)/6*1, (4-y2)/8*1 + (8-y2)/8*3}, 1e-15)
	kerneltest.Near(t, "dk", dk, []float64{(7 - y1) / 6, (4-y1)/6 + (4-y2)/8*2, (8 - y2) / 8 * 2}, 1e-15)
	kerneltest.Near(t, "dv", dv, []float64{5 / 6.0, 1/6.0 + 2/8.0, 6 / 8.0}, 1e-15)
}

// TestNaiveScalesScores: scores are divided by the square root of the width of the keys, and so are their gradients.
func TestNaiveScalesScores(t *testing.T) {
	a := multihead.Naive{
		Size: multihead.Size{Batch: 1, Queries: 1, Keys: 2, Heads: 1, DKey: 4, DValue: 1},
		Q:    []float64{1, 1, 1, 1}, K: []float64{2, 2, 2, 2, 0, 0, 0, 0}, V: []float64{1, 0},
		Weight: func(s float64) (w, slope float64) { return math.Exp(s), math.Exp(s) },
	}
	e := math.Exp(4) // 8 / sqrt(4)
	kerneltest.Near(t, "y", a.Forward(), []float64{e / (e + 1)}, 1e-15)
	dq, _, _ := a.Backward([]float64{1})
	slope := e / (e + 1) / (e + 1) // of y by the first score
	kerneltest.Near(t, "dq", dq, []float64{slope, slope, slope, slope}, 1e-15)
}

// TestNaiveStream: positions before the size are seen, and get no gradient.
func TestNaiveStream(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 4, Keys: 4, Heads: 2, DKey: 3, DValue: 2, Causal: true}
	whole, dy := kerneltest.Attention(size, func(s float64) (w, slope float64) { return math.Exp(s), math.Exp(s) })
	part := kerneltest.Part(whole, 3, 4)
	y := kerneltest.Positions(whole.Forward(), 2, 4, 3, 4)
	kerneltest.Identical(t, "y", part.Forward(), y)

	// Of the last position alone both forms know the whole gradient of its query, and of its own key and value.
	for i := range dy {
		if i/4%4 < 3 {
			dy[i] = 0
		}
	}
	wantQ, wantK, wantV := whole.Backward(dy)
	dq, dk, dv := part.Backward(kerneltest.Positions(dy, 2, 4, 3, 4))
	kerneltest.Identical(t, "dq", dq, kerneltest.Positions(wantQ, 2, 6, 3, 4))
	kerneltest.Identical(t, "dk", dk, kerneltest.Positions(wantK, 2, 6, 3, 4))
	kerneltest.Identical(t, "dv", dv, kerneltest.Positions(wantV, 2, 4, 3, 4))
}
