package dense

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// LayerNormEps is added to the variance of a row, as in PyTorch.
const LayerNormEps = 1e-5

// LayerNorm normalizes rows (arXiv 1607.06450): y = (x - mean) * rstd * weight + bias, where
// rstd = 1/sqrt(variance + 1e-5) and the variance is the mean square of the deviations.
//
//	x, y [R, D]   weight, bias [D]   saved: mean, rstd [R]
//	h = (x - mean)*rstd    dh = dy*weight    dx = rstd*(dh - mean(dh) - h*mean(dh*h))
//	dweight = sum over rows of dy*h    dbias = sum over rows of dy
type LayerNorm[F simd.Float] struct {
	rows, width        int
	mean, rstd         []F // [R]
	partial            []F // [chunks, 2, D] of dweight and dbias
	sums               []F // [2, D]
	y, x, weight, bias []F // operands of the running call
	dx, dy             []F
	forward            func(lo, hi int)
	backward           func(chunk int)
}

// NewLayerNorm returns the kernel for x [rows, width].
func NewLayerNorm[F simd.Float](rows, width int) *LayerNorm[F] {
	k := &LayerNorm[F]{rows: rows, width: width, mean: make([]F, rows), rstd: make([]F, rows)}
	k.forward = func(lo, hi int) {
		d := k.width
		simd.LayerNormRows(k.y[lo*d:hi*d], k.x[lo*d:hi*d], k.weight, k.bias, k.mean[lo:hi], k.rstd[lo:hi], LayerNormEps)
	}
	k.backward = func(c int) {
		d := k.width
		dweight, dbias := k.partial[2*c*d:(2*c+1)*d], k.partial[(2*c+1)*d:(2*c+2)*d]
		clear(dweight)
		clear(dbias)
		for r := c * rowGrain; r < min((c+1)*rowGrain, k.rows); r++ {
			simd.LayerNormBackward(k.dx[r*d:(r+1)*d], k.dy[r*d:(r+1)*d], k.x[r*d:(r+1)*d], k.weight, k.mean[r], k.rstd[r], dweight, dbias)
		}
	}
	return k
}

// Forward writes y and keeps mean and rstd of every row.
func (k *LayerNorm[F]) Forward(y, x, weight, bias []F) {
	k.y, k.x, k.weight, k.bias = y, x, weight, bias
	simd.ForRange(k.rows, rowGrain, k.forward)
}

// Backward writes dx, dweight and dbias; x and weight are the operands of the last Forward.
func (k *LayerNorm[F]) Backward(dx, dweight, dbias, x, weight, dy []F) {
	n := simd.Pieces(k.rows, rowGrain)
	if k.partial == nil {
		k.partial, k.sums = make([]F, n*2*k.width), make([]F, 2*k.width)
	}
	k.dx, k.dy, k.x, k.weight = dx, dy, x, weight
	simd.For(n, k.backward)
	workspace.Sum(k.sums, k.partial)
	copy(dweight, k.sums[:k.width])
	copy(dbias, k.sums[k.width:])
}
