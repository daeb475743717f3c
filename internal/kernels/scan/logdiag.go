package scan

import (
	"math"

	"goomtrain/internal/simd"
)

// LogDiag is Diag of positive numbers among logarithms, which may leave the range of floats by any factor:
//
//	lx_t = ln(exp(la_t + lx_{t-1}) + exp(lb_t))        la, lb, lx [outer, T, inner]   lx_0 [outer, inner]
//
// A logarithm of -Inf stands for zero. The gradient is a linear recurrence backward in time, with
// p_t = exp(la_t + lx_{t-1} - lx_t) the share of the past in x_t:
//
//	g_t = dlx_t + p_{t+1} g_{t+1}    dla_t = p_t g_t    dlb_t = exp(lb_t - lx_t) g_t    dlx_0 = p_1 g_1
type LogDiag[F simd.Float] struct {
	outer, time, inner int
	pieces, length     int
	sum, state         []float64 // of each piece: sum of la; ln of its last state from zero, then ln of the state before it
	share              []F       // [outer, T, inner] p
	linear             *Diag[F]
	ones               []F

	lx, la, lb, lx0 []F // operands of the running call
	dla, dlb        []F
	total, run      func(task int)
	shares, weigh   func(lo, hi int)
}

// logDiagCut is the number of steps of the shortest channel that is cut into pieces.
const logDiagCut = 1 << 13

// NewLogDiag returns the kernel for la and lb [outer, time, inner].
func NewLogDiag[F simd.Float](outer, time, inner int) *LogDiag[F] {
	k := &LogDiag[F]{outer: outer, time: time, inner: inner, pieces: 1, length: time}
	if outer*inner < 8 && time >= logDiagCut {
		k.pieces = 16
		k.length = simd.Pieces(time, k.pieces)
	}
	k.sum, k.state = make([]float64, outer*inner*k.pieces), make([]float64, outer*inner*k.pieces)
	k.total, k.run, k.shares, k.weigh = k.totalTask, k.runTask, k.sharesTask, k.weighTask
	return k
}

// Forward writes lx.
func (k *LogDiag[F]) Forward(lx, la, lb, lx0 []F) {
	k.lx, k.la, k.lb, k.lx0 = lx, la, lb, lx0
	if k.outer*k.time*k.inner == 0 {
		return
	}
	channels := k.outer * k.inner
	if k.pieces > 1 {
		simd.For(channels*k.pieces, k.total)
	}
	for c := range channels {
		l := float64(lx0[c])
		for i := c * k.pieces; i < (c+1)*k.pieces; i++ {
			before := l
			l = logAddExp(k.sum[i]+l, k.state[i])
			k.state[i] = before
		}
	}
	simd.For(channels*k.pieces, k.run)
}

// span returns the first element and the number of steps of a piece; steps are inner elements apart.
func (k *LogDiag[F]) span(i int) (at, steps int) {
	c, p := i/k.pieces, i%k.pieces
	lo := min(p*k.length, k.time)
	return (c/k.inner*k.time+lo)*k.inner + c%k.inner, min(lo+k.length, k.time) - lo
}

// totalTask forms the totals of a piece.
func (k *LogDiag[F]) totalTask(i int) {
	at, steps := k.span(i)
	sum, l := 0.0, math.Inf(-1)
	for range steps {
		sum += float64(k.la[at])
		l = logAddExp(float64(k.la[at])+l, float64(k.lb[at]))
		at += k.inner
	}
	k.sum[i], k.state[i] = sum, l
}

// runTask runs a piece from the state before it.
func (k *LogDiag[F]) runTask(i int) {
	at, steps := k.span(i)
	l := k.state[i]
	for range steps {
		l = logAddExp(float64(k.la[at])+l, float64(k.lb[at]))
		k.lx[at] = F(l)
		at += k.inner
	}
}

// logAddExp returns ln(e^a + e^b).
func logAddExp(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(a, 0) && b == b {
		return a // two zeros, or an infinity
	}
	return a + math.Log1p(math.Exp(b-a))
}

// Backward writes the gradients of la, lb and lx_0; la, lb, lx and lx0 are the operands and the result of a
// Forward.
func (k *LogDiag[F]) Backward(dla, dlb, dlx0, la, lb, lx, lx0, dlx []F) {
	n := k.outer * k.time * k.inner
	if n == 0 {
		clear(dlx0)
		return
	}
	if k.linear == nil {
		k.linear = NewDiag[F](k.outer, k.time, k.inner)
		k.share = make([]F, n)
		k.ones = make([]F, k.outer*k.inner)
		for i := range k.ones {
			k.ones[i] = 1
		}
	}
	k.la, k.lb, k.lx, k.lx0, k.dla, k.dlb = la, lb, lx, lx0, dla, dlb
	simd.ForRange(n, simd.Grain, k.shares)
	k.linear.Backward(dla, dlb, dlx0, k.share, lx, k.ones, dlx) // writes g to dlb, and dlx0 = p_1 g_1
	simd.ForRange(n, simd.Grain, k.weigh)
}

// sharesTask computes p.
func (k *LogDiag[F]) sharesTask(lo, hi int) {
	for at := lo; at < hi; at++ {
		row, rest := at/(k.time*k.inner), at%(k.time*k.inner)
		var before F
		if rest < k.inner {
			before = k.lx0[row*k.inner+rest]
		} else {
			before = k.lx[at-k.inner]
		}
		k.share[at] = k.la[at] + before - k.lx[at]
		if math.IsInf(float64(k.lx[at]), -1) {
			k.share[at] = F(math.Inf(-1)) // a sum of zeros has no shares
		}
	}
	simd.Exp(k.share[lo:hi], k.share[lo:hi])
}

// weighTask makes dla and dlb of g, which is in dlb.
func (k *LogDiag[F]) weighTask(lo, hi int) {
	simd.Mul(k.dla[lo:hi], k.dlb[lo:hi], k.share[lo:hi])
	for at := lo; at < hi; at++ {
		if math.IsInf(float64(k.lx[at]), -1) {
			k.dlb[at] = 0
			continue
		}
		k.dlb[at] *= F(math.Exp(float64(k.lb[at]) - float64(k.lx[at])))
	}
}
