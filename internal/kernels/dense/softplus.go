package dense

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// SoftplusDecay is the logarithm of a decay by an input-dependent step, as in Mamba-2 and Gated DeltaNet (arXiv
// 2405.21060, 2412.06464): y = -e^aLog ln(1 + e^z) with z = x + bias.
//
//	x, y [R, H]   aLog, bias [H]    dx = -e^aLog sigmoid(z) dy    dbias = sum over rows of dx    daLog = sum over rows of dy y
type SoftplusDecay[F simd.Float] struct {
	rows, width int
	rate        []F // [H] e^aLog
	partial     []F // [chunks, 2, H] of daLog and dbias
	sums        []F // [2, H]

	y, x, bias, dx, dy []F // operands of the running call
	forward            func(lo, hi int)
	backward           func(chunk int)
}

// NewSoftplusDecay returns the kernel for x [rows, width].
func NewSoftplusDecay[F simd.Float](rows, width int) *SoftplusDecay[F] {
	k := &SoftplusDecay[F]{rows: rows, width: width, rate: make([]F, width), sums: make([]F, 2*width)}
	k.forward = func(lo, hi int) {
		y := k.y[lo*k.width : hi*k.width]
		k.minusZ(y, lo, hi)
		simd.LogSigmoid(y, y) // -ln(1 + e^z)
		for ; len(y) > 0; y = y[k.width:] {
			for j, rate := range k.rate {
				y[j] *= rate
			}
		}
	}
	k.backward = func(c int) {
		lo, hi := c*grainOf(k.width), min((c+1)*grainOf(k.width), k.rows)
		from, to := lo*k.width, hi*k.width
		dx, dy, y := k.dx[from:to], k.dy[from:to], k.y[from:to]
		sums := k.partial[2*c*k.width : 2*(c+1)*k.width]
		daLog, dbias := sums[:k.width], sums[k.width:]
		clear(sums)
		k.minusZ(dx, lo, hi)
		simd.Scale(dx, -1, dx)
		simd.Sigmoid(dx, dx)
		for ; len(dx) > 0; dx, dy, y = dx[k.width:], dy[k.width:], y[k.width:] {
			for j, rate := range k.rate {
				dx[j] *= -rate * dy[j]
				dbias[j] += dx[j]
				daLog[j] += dy[j] * y[j]
			}
		}
	}
	return k
}

// minusZ writes -(x + bias) of rows lo to hi.
func (k *SoftplusDecay[F]) minusZ(dst []F, lo, hi int) {
	x := k.x[lo*k.width : hi*k.width]
	for ; len(x) > 0; x, dst = x[k.width:], dst[k.width:] {
		for j, b := range k.bias {
			dst[j] = -(x[j] + b)
		}
	}
}

// Forward writes y.
func (k *SoftplusDecay[F]) Forward(y, x, aLog, bias []F) {
	for j, a := range aLog {
		k.rate[j] = F(math.Exp(float64(a)))
	}
	k.y, k.x, k.bias = y, x, bias
	simd.ForRange(k.rows, grainOf(k.width), k.forward)
}

// Backward writes dx, daLog and dbias; x, bias and y are operands and result of the last Forward.
func (k *SoftplusDecay[F]) Backward(dx, daLog, dbias, x, bias, y, dy []F) {
	n := simd.Pieces(k.rows, grainOf(k.width))
	if k.partial == nil {
		k.partial = workspace.Make[F](n * 2 * k.width)
	}
	k.dx, k.x, k.bias, k.y, k.dy = dx, x, bias, y, dy
	simd.For(n, k.backward)
	workspace.Sum(k.sums, k.partial)
	copy(daLog, k.sums[:k.width])
	copy(dbias, k.sums[k.width:])
}
