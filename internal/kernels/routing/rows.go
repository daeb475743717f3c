package routing

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// rows computes credit for some inputs of one sample at a time. Its numbers are [rows, m].
type rows[F simd.Float] struct {
	columns        int
	total, benefit []F // use + ign, and that times R
	spread         []F
	factor         []F // [rows]
}

func newRows[F simd.Float](count, columns int) rows[F] {
	size := count * columns
	return rows[F]{columns, workspace.Make[F](size), workspace.Make[F](size), workspace.Make[F](size), workspace.Make[F](count)}
}

// A veil is the part of a mask for some inputs of sample b, from the first on.
type veil struct {
	Mask
	b, first int
}

// hide sets the numbers of a row that are masked to v.
func hide[F simd.Float](row []F, i int, v F, by veil) {
	if by.Data == nil {
		return
	}
	hidden := by.of(by.b, by.first+i, len(row))
	if len(hidden) < len(row) {
		if hidden[0] != 0 {
			fill(row, v)
		}
		return
	}
	for j, h := range hidden {
		if h != 0 {
			row[j] = v
		}
	}
}

// hideRows does so in all rows.
func (w *rows[F]) hideRows(x []F, by veil) {
	for i := range len(x) / w.columns {
		hide(rowOf(x, i, w.columns), i, 0, by)
	}
}

// smallestSum is the sum of weights below which some of them may have underflowed.
const smallestSum = 0x1p-60

// sigmoidShares writes R, the softmax of log sigmoid(t), which is sigmoid(t) divided by its sum: one exponential for each
// number.
func (w *rows[F]) sigmoidShares(r, t []F, by veil) {
	simd.Sigmoid(r, t)
	factor := w.factor[:len(t)/w.columns]
	for i := range factor {
		row := rowOf(r, i, w.columns)
		hide(row, i, 0, by)
		sum := simd.Sum(row)
		if !(sum >= smallestSum) {
			logits := rowOf(w.spread, i, w.columns)
			simd.LogSigmoid(logits, rowOf(t, i, w.columns))
			sum = softmaxSum(row, logits, i, by)
		}
		factor[i] = inverse(sum)
	}
	simd.ScaleRows(r, r, factor)
}

// softmaxShares writes R, the softmax of logits.
func (w *rows[F]) softmaxShares(r, logits []F, by veil) {
	for i := range len(r) / w.columns {
		row, copied := rowOf(r, i, w.columns), rowOf(w.spread, i, w.columns)
		copy(copied, rowOf(logits, i, w.columns))
		simd.Scale(row, inverse(softmaxSum(row, copied, i, by)), row)
	}
}

// softmaxSum writes the exponentials of logits relative to the largest, and returns their sum.
func softmaxSum[F simd.Float](row, logits []F, i int, by veil) F {
	hide(logits, i, F(math.Inf(-1)), by)
	simd.ExpSum(row, logits, simd.Max(logits))
	hide(row, i, 0, by)
	return simd.Sum(row)
}

// inverse is 1/sum, and 0 for a sum of nothing.
func inverse[F simd.Float](sum F) F {
	if sum == 0 {
		return 0
	}
	return 1 / sum
}

// equalShares writes R of the first iteration, the same for all outputs that do not ignore the input.
func (w *rows[F]) equalShares(r []F, by veil) {
	for i := range len(r) / w.columns {
		row := rowOf(r, i, w.columns)
		fill(row, inverse(F(by.open(by.b, by.first+i, w.columns))))
		hide(row, i, 0, by)
	}
}

// credit writes phi = f ((use + ign) R - ign), 0 where the mask hides it, and adds its rows to sums [m].
func (w *rows[F]) credit(phi, r, f, use, ign, sums []F, by veil) {
	simd.Add(phi, use, ign)
	simd.Mul(phi, phi, r)
	for i, a := range f {
		row := rowOf(phi, i, w.columns)
		simd.ScaleAddMaxAbs(row, a, row, -a, rowOf(ign, i, w.columns))
		hide(row, i, 0, by)
		simd.Add(sums, sums, row)
	}
}

// creditBackward takes the gradient of phi, which must be 0 where the mask hides it and which it overwrites, to those of
// f, use and ign, which it adds to what is there, those of use and ign unless they are the first, and writes that of the logits of R to dlogits unless that is nil. With e = f dphi:
//
//	df = sum over j of dphi ((use + ign) R - ign)    duse = e R    dign = e R - e
//	dlogits = e R (use + ign) - R (sum over j of e R (use + ign))
func (w *rows[F]) creditBackward(dlogits, dphi, r, f, use, ign, df, duse, dign []F, first bool) {
	n := len(dphi)
	total, benefit, er := w.total[:n], w.benefit[:n], w.spread[:n]
	simd.Add(total, use, ign)
	simd.Mul(benefit, total, r)
	for i := range f {
		g := rowOf(dphi, i, w.columns)
		df[i] += simd.Dot(g, rowOf(benefit, i, w.columns)) - simd.Dot(g, rowOf(ign, i, w.columns))
	}
	simd.ScaleRows(dphi, dphi, f)
	if first {
		er = duse
	}
	simd.Mul(er, dphi, r)
	if first {
		copy(dign, er)
	} else {
		simd.Add(duse, duse, er)
		simd.Add(dign, dign, er)
	}
	simd.AddScaled(dign, -1, dphi)
	if dlogits == nil {
		return
	}
	simd.Mul(dlogits, er, total)
	for i := range f {
		row := rowOf(dlogits, i, w.columns)
		simd.AddScaled(row, -simd.Sum(row), rowOf(r, i, w.columns)) // exactly 0 where R is exactly 1
	}
}

// addRows adds the rows of x to dst.
func addRows[F simd.Float](dst, x []F) {
	if len(x) > 0 {
		simd.SumRows(dst, x, simd.Pieces(len(x), len(dst)), len(dst)) // which panics if they do not fit
	}
}
