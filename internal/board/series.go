package board

import (
	"math"
	"slices"

	"goomtrain/train/metrics"
)

// fields are the numbers of a record that have curves, by their names in metrics.jsonl.
var fields = []string{"loss", "bpb", "accuracy", "sequence_accuracy", "lr", "grad_norm", "tokens_per_sec"}

// A row is what curves need of a record: far less memory than the record.
type row struct {
	step, tokens int64
	elapsed      float64
	y            [7]float32 // in the order of fields; NaN: not known
}

func newRow(r metrics.Record) row {
	return row{r.Step, r.Tokens, r.Elapsed, [7]float32{float32(r.Loss), float32(r.BPB), float32(r.Accuracy), float32(r.SequenceAccuracy),
		float32(r.LR), float32(r.GradNorm), float32(r.TokensPerSec)}}
}

// x is the position of the row on an axis: step, tokens or time.
func (r *row) x(axis string) float64 {
	switch axis {
	case "tokens":
		return float64(r.tokens)
	case "time":
		return r.elapsed
	}
	return float64(r.step)
}

// thin keeps about half of the rows: of four in a row those of the smallest and the largest loss.
func thin(rows []row) []row {
	kept := rows[:0]
	for group := range slices.Chunk(rows, 4) {
		if len(group) < 4 {
			kept = append(kept, group...)
			break
		}
		low, high := 0, 0
		for i := range group {
			loss := group[i].y[0]
			if loss < group[low].y[0] || isNaN(group[low].y[0]) {
				low = i
			}
			if loss > group[high].y[0] || isNaN(group[high].y[0]) {
				high = i
			}
		}
		if low == high { // all are equal or unknown
			low, high = 0, 3
		}
		kept = append(kept, group[min(low, high)], group[max(low, high)])
	}
	return slices.Clip(slices.Clone(kept)) // frees the memory
}

func isNaN(x float32) bool { return x != x }

// A view says which part of a curve is shown, and how.
type view struct {
	axis     string // step, tokens or time
	from, to float64
	width    int     // buckets
	smooth   float64 // weight of the past in a moving average, 0 to 1
	logX     bool    // buckets of equal width on a logarithmic axis
}

// points returns the curve of a field for a view. Their x increase strictly.
func (v view) points(rows []row, field int) (xs []float64, ys []float32) {
	last, mean, weight := math.Inf(-1), 0.0, 0.0
	for i := range rows {
		x, y := rows[i].x(v.axis), float64(rows[i].y[field])
		if math.IsNaN(y) || math.IsInf(y, 0) || !(x > last) || math.IsInf(x, 0) || v.logX && x <= 0 {
			continue
		}
		last = x
		mean, weight = v.smooth*mean+(1-v.smooth)*y, v.smooth*weight+(1-v.smooth)
		xs, ys = append(xs, x), append(ys, float32(mean/weight)) // without the bias towards 0
	}
	lo, _ := slices.BinarySearch(xs, v.from)
	hi, found := slices.BinarySearch(xs, v.to)
	if found {
		hi++
	}
	lo, hi = max(lo-1, 0), min(hi+1, len(xs)) // the neighbors too: lines go on to the edges
	if lo >= hi {
		return nil, nil
	}
	return v.reduce(xs[lo:hi], ys[lo:hi])
}

// reduce keeps the first point, the last one, and of each bucket those of the smallest and the largest y.
func (v view) reduce(xs []float64, ys []float32) ([]float64, []float32) {
	n := len(xs)
	if n <= 2*v.width {
		return xs, ys
	}
	at := func(x float64) float64 { return x }
	if v.logX {
		at = math.Log2
	}
	begin, size := at(xs[0]), (at(xs[n-1])-at(xs[0]))/float64(v.width)
	outX, outY := make([]float64, 0, 2*v.width+2), make([]float32, 0, 2*v.width+2)
	keep := func(i int) {
		if k := len(outX); k == 0 || xs[i] > outX[k-1] {
			outX, outY = append(outX, xs[i]), append(outY, ys[i])
		}
	}
	keep(0)
	for i := 0; i < n; {
		bucket, low, high := math.Floor((at(xs[i])-begin)/size), i, i
		for ; i < n && math.Floor((at(xs[i])-begin)/size) == bucket; i++ {
			if ys[i] < ys[low] {
				low = i
			}
			if ys[i] > ys[high] {
				high = i
			}
		}
		keep(min(low, high))
		keep(max(low, high))
	}
	keep(n - 1)
	return outX, outY
}
