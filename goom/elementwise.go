package goom

import (
	"fmt"
	"math"
	"slices"

	"goomtrain/internal/simd"
)

// The functions on plain slices below are serial, allocate nothing, and take slices of equal length;
// a destination may be one of its sources. Share long slices out with simd.ForRange.

// Log sets l = ln|x| and s = the sign of x: zeros of either sign get Floor and +1, NaN stays NaN with
// +1, an infinity keeps its sign with the logarithm +Inf.
func Log[F Float](l, s, x []F) {
	logWithZero(l, s, x, Floor[F]())
}

// LogInfinite is Log with -Inf as the logarithm of zero.
func LogInfinite[F Float](l, s, x []F) {
	logWithZero(l, s, x, F(math.Inf(-1)))
}

func logWithZero[F Float](l, s, x []F, zero F) {
	same("Log", len(x), len(l), len(s))
	logsOf(l, s, x, 0, normal[F]())
	if floor := Floor[F](); zero != floor {
		for i, v := range l {
			if v == floor {
				l[i] = zero
			}
		}
	}
}

// LogGrad sets dx = dl * s / (|x| + eps), the gradient of Log, finite everywhere: at zero it is dl/eps.
func LogGrad[F Float](dx, dl, x []F) {
	same("LogGrad", len(x), len(dx), len(dl))
	eps := Epsilon[F]()
	for i, v := range x {
		if v < 0 {
			dx[i] = dl[i] / (v - eps)
		} else {
			dx[i] = dl[i] / (v + eps)
		}
	}
}

// Exp sets x = s * e^l. Zeros give +0 or -0 by their sign, logarithms beyond the range of F infinities.
func Exp[F Float](x, l, s []F) {
	same("Exp", len(x), len(l), len(s))
	if len(x) > 0 && &x[0] == &s[0] {
		for i, v := range l { // x is the slice of signs, which are still needed
			x[i] = s[i] * F(math.Exp(float64(v)))
		}
		return
	}
	simd.Exp(x, l)
	simd.Mul(x, x, s)
}

// ExpGrad sets dl = dx * (x + eps*s) for x = Exp(l, s), the gradient of Exp, nonzero everywhere: so
// exp(log x) has derivative 1 at every x, zero included.
func ExpGrad[F Float](dl, dx, x []F) {
	same("ExpGrad", len(x), len(dl), len(dx))
	eps := Epsilon[F]()
	for i, v := range x {
		if v < 0 {
			dl[i] = dx[i] * (v - eps)
		} else {
			dl[i] = dx[i] * (v + eps)
		}
	}
}

// mulLogs multiplies two numbers: logarithms add, signs multiply, zero times anything finite is zero.
func mulLogs[F Float](l1, s1, l2, s2 F) (F, F) {
	if IsZero(l1) || IsZero(l2) {
		if other := l1 + l2; math.IsInf(float64(l1), 1) || math.IsInf(float64(l2), 1) || other != other {
			return F(math.NaN()), 1 // 0 * Inf, and NaN times anything
		}
		return Floor[F](), 1
	}
	return nonzero(l1 + l2), s1 * s2
}

// addLogs adds two numbers. It subtracts the larger logarithm of this pair, so that the magnitudes of other elements do
// not matter.
func addLogs[F Float](l1, s1, l2, s2 F) (F, F) {
	switch {
	case l1 != l1 || l2 != l2:
		return F(math.NaN()), 1
	case IsZero(l1):
		if IsZero(l2) {
			return Floor[F](), 1
		}
		return l2, s2
	case IsZero(l2):
		return l1, s1
	}
	if l1 < l2 {
		l1, s1, l2, s2 = l2, s2, l1, s1
	}
	d := float64(l2) - float64(l1) // <= 0, or NaN for two infinities
	if s1 == s2 {
		if math.IsInf(float64(l1), 1) {
			return l1, s1
		}
		return nonzero(F(float64(l1) + math.Log1p(math.Exp(d)))), s1
	}
	if d == 0 {
		return Floor[F](), 1
	}
	// ln(1 - e^d) without cancellation on either side of ln 2.
	var m float64
	if d > -ln2 {
		m = simd.Log64(-math.Expm1(d))
	} else {
		m = math.Log1p(-math.Exp(d))
	}
	return nonzero(F(float64(l1) + m)), s1
}

// Mul returns a * b, elementwise with NumPy's broadcasting. NaN times anything and zero times
// infinity are NaN.
func Mul[F Float](a, b Tensor[F]) Tensor[F] { return pairwise(a, b, mulLogs[F]) }

// Div returns a / b. A nonzero number divided by zero is an infinity of its sign, zero by zero NaN.
func Div[F Float](a, b Tensor[F]) Tensor[F] {
	return pairwise(a, b, func(l1, s1, l2, s2 F) (F, F) {
		switch {
		case IsZero(l2):
			if IsZero(l1) {
				return F(math.NaN()), 1
			}
			return mulLogs(l1, s1, F(math.Inf(1)), s2)
		case IsZero(l1) || math.IsInf(float64(l2), 1):
			return mulLogs(l1, s1, -l2, s2)
		}
		return nonzero(l1 - l2), s1 * s2
	})
}

// Add returns a + b (log-add-exp, signed). Exact cancellation gives zero.
func Add[F Float](a, b Tensor[F]) Tensor[F] { return pairwise(a, b, addLogs[F]) }

// Sub returns a - b.
func Sub[F Float](a, b Tensor[F]) Tensor[F] {
	return pairwise(a, b, func(l1, s1, l2, s2 F) (F, F) { return addLogs(l1, s1, l2, -s2) })
}

// Neg returns -x. The signs of zeros flip too.
func Neg[F Float](x Tensor[F]) Tensor[F] {
	y := x.Clone()
	for i, s := range y.Sign {
		y.Sign[i] = -s
	}
	return y
}

// AddGrad returns the gradients with respect to the logarithms of a and b, given dy with respect to those of
// y = Add(a, b): dl_a = dy * a/y, summed over the elements that a was stretched to. Where y is zero they are zero.
func AddGrad[F Float](a, b, y Tensor[F], dy []F) (da, db []F) {
	same("AddGrad", len(y.Log), len(dy))
	da, db = make([]F, len(a.Log)), make([]F, len(b.Log))
	ia, ib := indices(a.Shape, y.Shape), indices(b.Shape, y.Shape)
	for i, g := range dy {
		if IsZero(y.Log[i]) {
			continue
		}
		j, k := pick(ia, i), pick(ib, i)
		da[j] += g * share(a.Log[j], a.Sign[j], b.Log[k], b.Sign[k])
		db[k] += g * share(b.Log[k], b.Sign[k], a.Log[j], a.Sign[j])
	}
	return da, db
}

// share is a/(a+b). It takes the difference of the logarithms: that of the sum may be so large that its rounding would
// show.
func share[F Float](la, sa, lb, sb F) F {
	if IsZero(la) {
		return 0
	}
	if IsZero(lb) && la == la {
		return 1
	}
	d := float64(lb) - float64(la)
	if sa == sb {
		return F(1 / (1 + math.Exp(d)))
	}
	return F(-1 / math.Expm1(d))
}

// MulGrad returns the gradients of Mul: dy, summed over the elements that an operand was stretched to. The gradients of
// Div are the same but for the sign of db.
func MulGrad[F Float](a, b, y Tensor[F], dy []F) (da, db []F) {
	same("MulGrad", len(y.Log), len(dy))
	da, db = make([]F, len(a.Log)), make([]F, len(b.Log))
	ia, ib := indices(a.Shape, y.Shape), indices(b.Shape, y.Shape)
	for i, g := range dy {
		da[pick(ia, i)] += g
		db[pick(ib, i)] += g
	}
	return da, db
}

func pairwise[F Float](a, b Tensor[F], f func(l1, s1, l2, s2 F) (F, F)) Tensor[F] {
	a.check()
	b.check()
	shape := broadcast(a.Shape, b.Shape)
	n := size(shape)
	y := Tensor[F]{Shape: shape, Log: make([]F, n), Sign: make([]F, n)}
	ia, ib := indices(a.Shape, shape), indices(b.Shape, shape)
	simd.ForRange(n, simd.Grain, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			j, k := pick(ia, i), pick(ib, i)
			y.Log[i], y.Sign[i] = f(a.Log[j], a.Sign[j], b.Log[k], b.Sign[k])
		}
	})
	return y
}

// same panics unless all lengths are equal.
func same(name string, n int, others ...int) {
	for _, m := range others {
		if m != n {
			// A copy, so that others stays on the stack of every other call.
			panic(fmt.Sprintf("goom: %s of slices of %d and %v elements", name, n, slices.Clone(others)))
		}
	}
}
