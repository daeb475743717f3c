package dense

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestRowByRow: each row has the bits that it has alone, with a bias, with a residual, with both and with neither.
func TestRowByRow(t *testing.T) { kerneltest.Both(t, testRowByRow[float32], testRowByRow[float64]) }

func testRowByRow[F simd.Float](t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 63}, {7, 33}, {65, 16}} {
		for variant := range 8 {
			rows, in, out := size[0], size[1], size[1]+2
			transposed := variant&1 > 0
			x, w := kerneltest.Normal[F]("x", rows*in), kerneltest.Normal[F]("w", in*out)
			naive := NaiveLinear{Rows: rows, In: in, Out: out, Transposed: transposed, X: kerneltest.Widen(x), W: kerneltest.Widen(w)}
			var bias, residual []F
			if variant&2 > 0 {
				bias = kerneltest.Normal[F]("b", out)
				naive.Bias = kerneltest.Widen(bias)
			}
			if variant&4 > 0 {
				residual = kerneltest.Normal[F]("r", rows*out)
				naive.Residual = kerneltest.Widen(residual)
			}
			run := func(lo, hi int) []F {
				k := NewLinear[F](hi-lo, in, out, transposed)
				k.RowByRow()
				var rest []F
				if residual != nil {
					rest = residual[lo*out : hi*out]
				}
				y := kerneltest.Poisoned[F]((hi - lo) * out)
				k.Forward(y, x[lo*in:hi*in], w, bias, rest)
				return y
			}
			name, y := fmt.Sprint(size, variant), run(0, rows)
			kerneltest.Near(t, name, y, naive.Forward(), kerneltest.Tolerance[F](1e-5, 1e-13))
			for r := range rows {
				kerneltest.Identical(t, fmt.Sprint(name, " row ", r), run(r, r+1), y[r*out:(r+1)*out])
			}
		}
	}
}

// TestRecord: the losses and predictions of another device give the statistics of a Forward that computed them.
func TestRecord(t *testing.T) {
	const rows, width, vocab, length = 12, 5, 7, 4
	x, w := kerneltest.Normal[float32]("x", rows*width), kerneltest.Normal[float32]("w", vocab*width)
	targets := []int32{3, -1, 6, 0 /**/, -1, -1, -1, -1 /**/, 1, 2, 3, 4}
	head, other := NewHead[float32](rows, width, vocab), NewHead[float32](rows, width, vocab)
	head.Forward(x, w, targets, 1)
	nll, best := make([]float32, rows), make([]int32, rows)
	n := 0
	for r, target := range targets {
		nll[r], best[r] = -99, -99
		if target >= 0 {
			nll[r], best[r] = float32(head.Losses(nil)[n]), head.Predicted()[n]
			n++
		}
	}
	if n != head.Stats(length).Counted || n != 7 {
		t.Fatalf("%d counted, statistics %+v", n, head.Stats(length))
	}
	other.Record(targets, nll, best)
	if got, want := other.Stats(length), head.Stats(length); got != want || want.Sequences != 2 {
		t.Errorf("statistics %+v, want %+v", got, want)
	}
	kerneltest.Identical(t, "losses", other.Losses(nil), head.Losses(nil))
	if got, want := fmt.Sprint(other.Predicted()), fmt.Sprint(head.Predicted()); got != want {
		t.Errorf("predicted %s, want %s", got, want)
	}

	logits := kerneltest.Normal[float32]("logits", rows*vocab)
	one, two := NewCrossEntropy[float32](rows, vocab), NewCrossEntropy[float32](rows, vocab)
	one.Forward(logits, targets, 1)
	n = 0
	for r, target := range targets {
		if target >= 0 {
			nll[r], best[r] = float32(one.Losses(nil)[n]), one.Predicted()[n]
			n++
		}
	}
	for range 2 { // nothing of the first time remains
		two.Record(targets, nll, best)
	}
	if got, want := two.Stats(), one.Stats(); got != want || want.Counted != 7 {
		t.Errorf("statistics %+v, want %+v", got, want)
	}
	kerneltest.Identical(t, "losses", two.Losses([]float64{1}), one.Losses([]float64{1}))
	if got, want := fmt.Sprint(two.Predicted()), fmt.Sprint(one.Predicted()); got != want {
		t.Errorf("predicted %s, want %s", got, want)
	}
}
