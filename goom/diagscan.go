package goom

import (
	"fmt"
	"slices"

	"goomtrain/internal/simd"
)

// DiagScan returns the states x_t = a_t x_{t-1} + b_t, t = 1..T, every channel on its own, along an axis of a and b
// (negative: counted from the end). x0 has the shape of one step, which lacks the axis; without logarithms it stands
// for zero. It is AffineScan with diagonal matrices. Each state is a float64 mantissa and an int64 exponent, so that
// no prefix overflows or underflows: where the float64 recurrence would stay at infinity once it got there, later
// decays bring the state back with all its digits.
func DiagScan[F Float](a, b, x0 Tensor[F], axis int) Tensor[F] {
	d := newDiagScan(a, b, x0, axis)
	y := Tensor[F]{Shape: slices.Clone(b.Shape), Log: make([]F, len(b.Log)), Sign: make([]F, len(b.Log))}
	d.each(func(channel, at int, x []wideSum) {
		d.states(x, channel, at)
		for t := 1; t < len(x); t, at = t+1, at+d.inner {
			y.Log[at], y.Sign[at] = wideLog[F](x[t].mant, x[t].exp)
		}
	})
	return y
}

// DiagScanGrad returns the gradients of DiagScan with respect to the logarithms of a, b and x0 (nil if x0 is empty),
// given dy with respect to those of the result. With G_t = dy_t / x_t, zero where x_t is zero,
//
//	l_t = G_t + a_{t+1} l_{t+1}    dl_a_t = a_t x_{t-1} l_t    dl_b_t = b_t l_t    dl_x_0 = x_0 a_1 l_1
//
// as numbers of any magnitude, like the states themselves.
func DiagScanGrad[F Float](a, b, x0 Tensor[F], dy []F, axis int) (da, db, dx0 []F) {
	d := newDiagScan(a, b, x0, axis)
	same("DiagScanGrad", len(b.Log), len(dy))
	da, db = make([]F, len(a.Log)), make([]F, len(b.Log))
	if x0.Log != nil {
		dx0 = make([]F, len(x0.Log))
	}
	d.each(func(channel, at int, x []wideSum) {
		d.states(x, channel, at)
		var l wideSum
		for t := d.steps; t > 0; t-- {
			i := at + (t-1)*d.inner
			if x[t].mant != 0 {
				l.add(float64(dy[i])/x[t].mant, -x[t].exp)
			}
			db[i] = times[F](l, wideOf(b.Log[i], b.Sign[i]))
			l.mul(wideOf(a.Log[i], a.Sign[i])) // reaches x_{t-1}
			da[i] = times[F](l, x[t-1])
		}
		if dx0 != nil {
			dx0[channel] = times[F](l, x[0])
		}
	})
	return da, db, dx0
}

// times is x y, of ordinary size.
func times[F Float](x, y wideSum) F {
	x.mul(y)
	return F(Scaled{Mant: x.mant, Exp: x.exp}.Float64())
}

// A diagScan is the operands of one call, seen as [outer, steps, inner].
type diagScan[F Float] struct {
	a, b, x0            Tensor[F]
	outer, steps, inner int
}

func newDiagScan[F Float](a, b, x0 Tensor[F], axis int) *diagScan[F] {
	a.check()
	b.check()
	d := &diagScan[F]{a: a, b: b, x0: x0}
	d.outer, d.steps, d.inner = axisOf(b.Shape, axis)
	if !slices.Equal(a.Shape, b.Shape) || x0.Log != nil && len(x0.Log) != d.outer*d.inner {
		panic(fmt.Sprintf("goom: DiagScan of a %v, b %v and x0 %v along axis %d: want equal shapes, and x0 without the axis", a.Shape, b.Shape, x0.Shape, axis))
	}
	if x0.Log != nil {
		x0.check()
	}
	return d
}

// each calls f, over the cores, with every channel, its first element and memory for its states x_0..x_T.
func (d *diagScan[F]) each(f func(channel, at int, x []wideSum)) {
	simd.ForRange(d.outer*d.inner, max(1, simd.Grain/max(1, 64*d.steps)), func(lo, hi int) {
		x := make([]wideSum, d.steps+1)
		for c := lo; c < hi; c++ {
			f(c, c/d.inner*d.steps*d.inner+c%d.inner, x)
		}
	})
}

// states fills x with x_0..x_T of a channel.
func (d *diagScan[F]) states(x []wideSum, channel, at int) {
	x[0] = wideSum{}
	if d.x0.Log != nil {
		x[0] = wideOf(d.x0.Log[channel], d.x0.Sign[channel])
	}
	for t := 1; t < len(x); t, at = t+1, at+d.inner {
		s := x[t-1]
		s.mul(wideOf(d.a.Log[at], d.a.Sign[at]))
		b := wideOf(d.b.Log[at], d.b.Sign[at])
		s.add(b.mant, b.exp)
		x[t] = s
	}
}
