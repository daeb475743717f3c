package dense

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// RMSNorm divides rows by the root of their mean square (arXiv 1910.07467): y = x * rstd * weight, where
// rstd = 1/sqrt(mean(x^2) + eps).
//
//	x, y [R, D]   weight [D]   saved: rstd [R]
//	u = x*rstd    g = dy*weight    dx = rstd*(g - u*mean(g*u))    dweight = sum over rows of dy*u
//
// With a gate [R, D] it is the gated norm of gated linear attention (arXiv 2312.06635): y is multiplied by SiLU(gate).
type RMSNorm[F simd.Float] struct {
	rows, width int
	eps         F
	rstd        []F // [R]
	partial     []F // [chunks, D] of dweight

	y, x, gate, weight []F // operands of the running call
	dx, dgate, dy      []F
	forward            func(lo, hi int)
	backward           func(chunk int)
}

// NewRMSNorm returns the kernel for x [rows, width].
func NewRMSNorm[F simd.Float](rows, width int, eps float64) *RMSNorm[F] {
	k := &RMSNorm[F]{rows: rows, width: width, eps: F(eps), rstd: make([]F, rows)}
	k.forward = func(lo, hi int) {
		from, to := lo*k.width, hi*k.width
		y := k.y[from:to]
		simd.RMSNormRows(y, k.x[from:to], k.weight, k.rstd[lo:hi], k.scale(), k.eps)
		if k.gate != nil {
			simd.SiLUGate(y, y, k.gate[from:to])
		}
	}
	k.backward = func(c int) {
		lo, hi := c*grainOf(k.width), min((c+1)*grainOf(k.width), k.rows)
		from, to := lo*k.width, hi*k.width
		dx, dy, x, dweight := k.dx[from:to], k.dy[from:to], k.x[from:to], k.partial[c*k.width:(c+1)*k.width]
		clear(dweight)
		if k.gate != nil { // dx holds the normalized rows, then the gradient of these
			simd.RMSNormRows(dx, x, k.weight, k.rstd[lo:hi], k.scale(), k.eps)
			simd.SiLUGateBackward(dx, k.dgate[from:to], dy, dx, k.gate[from:to])
			dy = dx
		}
		simd.RMSNormBackwardRows(dx, dy, x, k.weight, k.rstd[lo:hi], k.scale(), dweight)
	}
	return k
}

// scale is what the sum of squares is multiplied by.
func (k *RMSNorm[F]) scale() F { return 1 / F(k.width) }

// Forward writes y and keeps rstd of every row. gate may be nil.
func (k *RMSNorm[F]) Forward(y, x, gate, weight []F) {
	k.y, k.x, k.gate, k.weight = y, x, gate, weight
	simd.ForRange(k.rows, grainOf(k.width), k.forward)
}

// Backward writes dx, dgate and dweight; x, gate and weight are the operands of the last Forward. dgate is nil if gate
// is.
func (k *RMSNorm[F]) Backward(dx, dgate, dweight, x, gate, weight, dy []F) {
	n := simd.Pieces(k.rows, grainOf(k.width))
	if k.partial == nil {
		k.partial = workspace.Make[F](n * k.width)
	}
	k.dx, k.dgate, k.dy, k.x, k.gate, k.weight = dx, dgate, dy, x, gate, weight
	simd.For(n, k.backward)
	workspace.Sum(dweight, k.partial)
}

// L2NormEps is added to the sum of squares of a row, as in flash-linear-attention.
const L2NormEps = 1e-6

// L2Norm divides rows by their Euclidean norm: y = x * r with r = 1/sqrt(sum(x^2) + 1e-6). A row of zeros gives zeros.
//
//	x, y [R, D]   saved: r [R]    dx = r*(dy - y*sum(dy*y))
type L2Norm[F simd.Float] struct {
	rows, width int
	r           []F // [R]

	y, x, dx, dy      []F // operands of the running call
	forward, backward func(lo, hi int)
}

// NewL2Norm returns the kernel for x [rows, width].
func NewL2Norm[F simd.Float](rows, width int) *L2Norm[F] {
	k := &L2Norm[F]{rows: rows, width: width, r: make([]F, rows)}
	k.forward = func(lo, hi int) {
		from, to := lo*k.width, hi*k.width
		simd.RMSNormRows(k.y[from:to], k.x[from:to], nil, k.r[lo:hi], 1, L2NormEps)
	}
	k.backward = func(lo, hi int) {
		from, to := lo*k.width, hi*k.width
		simd.RMSNormBackwardRows(k.dx[from:to], k.dy[from:to], k.x[from:to], nil, k.r[lo:hi], 1, nil)
	}
	return k
}

// Forward writes y and keeps r of every row.
func (k *L2Norm[F]) Forward(y, x []F) {
	k.y, k.x = y, x
	simd.ForRange(k.rows, grainOf(k.width), k.forward)
}

// Backward writes dx; x is the operand of the last Forward.
func (k *L2Norm[F]) Backward(dx, x, dy []F) {
	k.dx, k.x, k.dy = dx, x, dy
	simd.ForRange(k.rows, grainOf(k.width), k.backward)
}
